// cxxopts as every file of this program includes it: the macros must be the same in all of them.
#pragma once

// Lists are split here, not by cxxopts: a file's name may contain a comma.
#define CXXOPTS_VECTOR_DELIMITER '\0'
// Its regular expressions overflow the stack with a word of 100 KB, and are compiled before main(), where nothing
// catches std::bad_alloc.
#define CXXOPTS_NO_REGEX
#include <cxxopts.hpp>
