#include "cli/scan/running_scan.hpp"

#include <string>

#include "cli/exit_status.hpp"

namespace portloop {
namespace {

Scan new_scan(uv_loop_t* loop) {
  try {
    return Scan(loop);
  } catch (const Error& error) {
    throw CannotRun(std::string("the scan can't be created: ") + error.what());
  }
}

}  // namespace

RunningScan::RunningScan(uv_loop_t* loop, const Options& options, Scan::OnResult on_result, Scan::OnDone on_done,
                         Scan::OnHost on_host)
    : scan_(new_scan(loop)), started_ns_(uv_hrtime()) {
  try {
    if (on_host) scan_.on_host(std::move(on_host));
    scan_.start(options, std::move(on_result), std::move(on_done));
  } catch (const Error& error) {
    if (error.code() == UV_EINVAL) throw SettingRefused(error.what());
    const char* hint = error.code() == UV_EMFILE   ? " (ulimit -n sets the limit)"
                       : error.code() == UV_EAGAIN ? " (ulimit -u limits the threads of --loops)"
                                                   : "";
    throw CannotRun(std::string("the scan can't be started: ") + error.what() + hint);
  }
}

}  // namespace portloop
