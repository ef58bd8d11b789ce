#include "cli/targets/name_lookup.hpp"

#include <netdb.h>
#include <strings.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <unordered_set>

#include "sockets/socket_address.hpp"

namespace portloop {
namespace {

// libuv's thread pool has four threads by default. A few more requests keep them busy; the bound keeps memory small
// for long lists of names.
constexpr size_t max_requests = 16;

/// RFC 6761, section 6.3: the name means this machine, in both families.
bool is_localhost(std::string name) {
  if (!name.empty() && name.back() == '.') name.pop_back();
  return strcasecmp(name.c_str(), "localhost") == 0;
}

class NameLookup {
 public:
  NameLookup(std::vector<FoundName>& names, WantedFamily family, uv_loop_t* loop)
      : names_(names), family_(family), loop_(loop) {
    hints_.ai_socktype = SOCK_STREAM;
    hints_.ai_family = family == WantedFamily::ipv4 ? AF_INET : family == WantedFamily::ipv6 ? AF_INET6 : AF_UNSPEC;
    // A machine without an IPv6 address reaches none.
    if (family == WantedFamily::any) hints_.ai_flags = AI_ADDRCONFIG;
  }

  void run() {
    requests_.resize(std::min(max_requests, names_.size()));
    for (Request& request : requests_) {
      request.lookup = this;
      request.uv.data = &request;
      start_next(request);
    }
    uv_run(loop_, UV_RUN_DEFAULT);
    if (out_of_memory_) throw std::bad_alloc();
  }

 private:
  struct Request {
    uv_getaddrinfo_t uv{};
    NameLookup* lookup = nullptr;
    size_t name = 0;
  };

  void start_next(Request& request) {
    while (next_ < names_.size()) {
      request.name = next_++;
      FoundName& found = names_[request.name];
      addrinfo hints = hints_;
      if (is_localhost(found.name)) hints.ai_flags = 0;
      const int error = uv_getaddrinfo(loop_, &request.uv, on_resolved, found.name.c_str(), nullptr, &hints);
      if (error == 0) return;
      found.error = uv_strerror(error);
    }
  }

  static void on_resolved(uv_getaddrinfo_t* uv, int status, addrinfo* answers) {
    auto* request = static_cast<Request*>(uv->data);
    NameLookup* lookup = request->lookup;
    try {
      FoundName& found = lookup->names_[request->name];
      if (status != 0) {
        found.error = uv_strerror(status);
      } else {
        add_addresses(answers, found);
      }
      if (is_localhost(found.name)) lookup->add_loopback(found);
      lookup->start_next(*request);
    } catch (const std::bad_alloc&) {  // must not reach libuv
      lookup->out_of_memory_ = true;
      lookup->next_ = lookup->names_.size();
    }
    uv_freeaddrinfo(answers);
  }

  static void add_addresses(const addrinfo* answers, FoundName& found) {
    for (const addrinfo* answer = answers; answer != nullptr; answer = answer->ai_next) {
      const auto endpoint = to_endpoint(*answer->ai_addr);
      if (!endpoint) continue;
      const Address& address = endpoint->address;
      if (is_unspecified(address)) {
        found.error = "its address is " + to_text(address) + ", which means this machine itself";
        continue;
      }
      const auto& known = found.addresses;
      if (std::find(known.begin(), known.end(), address) == known.end()) found.addresses.push_back(address);
    }
    if (found.addresses.empty() && found.error.empty()) found.error = "no address";
  }

  /// A hosts file may have only one of them, and a service may listen on the other one only.
  void add_loopback(FoundName& found) const {
    for (const char* text : {"127.0.0.1", "::1"}) {
      const Address address = *parse_address(text);
      const WantedFamily family = address.family == Family::ipv4 ? WantedFamily::ipv4 : WantedFamily::ipv6;
      const auto& known = found.addresses;
      if (family_ != WantedFamily::any && family_ != family) continue;
      if (std::find(known.begin(), known.end(), address) != known.end() ||
          !is_own_address(to_socket_address({address, 0})))
        continue;
      found.addresses.push_back(address);
    }
    found.all_taken = !found.addresses.empty();
  }

  std::vector<FoundName>& names_;
  const WantedFamily family_;
  uv_loop_t* loop_;
  addrinfo hints_{};
  std::vector<Request> requests_;
  size_t next_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace

std::vector<FoundName> look_up_names(const std::vector<std::string>& names, WantedFamily family, uv_loop_t* loop) {
  std::vector<FoundName> found;
  std::unordered_set<std::string> seen;
  for (const std::string& name : names) {
    if (seen.insert(name).second) found.push_back({name, {}, {}, false});
  }
  if (!found.empty()) NameLookup(found, family, loop).run();
  return found;
}

}  // namespace portloop
