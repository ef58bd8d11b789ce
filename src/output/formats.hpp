// The constructor of each format's writer, for the table in writer.cpp.
#pragma once

#include "output/writer.hpp"

namespace portloop {

std::unique_ptr<Writer> make_text_writer();
std::unique_ptr<Writer> make_json_writer();
std::unique_ptr<Writer> make_list_writer();
std::unique_ptr<Writer> make_csv_writer();
std::unique_ptr<Writer> make_xml_writer();
std::unique_ptr<Writer> make_grepable_writer();

}  // namespace portloop
