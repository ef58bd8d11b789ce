// Systems other than Linux: nothing is known of waits when the table grows.
#include "sockets/descriptor_table.hpp"

namespace portloop {

void grow_descriptor_table(uint64_t) {}

}  // namespace portloop
