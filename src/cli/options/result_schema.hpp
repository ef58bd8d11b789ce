// The JSON schema of a result: docs/result.schema.json, which the build puts into the program.
#pragma once

namespace portloop {

/// Ends with a line end.
extern const char* const result_schema;

}  // namespace portloop
