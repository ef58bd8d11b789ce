// cxxopts as every file of this program includes it: the macro must be the same in all of them.
#pragma once

// Lists are split here, not by cxxopts: a file's name may contain a comma.
#define CXXOPTS_VECTOR_DELIMITER '\0'
#include <cxxopts.hpp>
