#include "lab/connections.hpp"

namespace portloop::lab {

Connection* Connections::find(const ConnectionKey& key) {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &places_[found->second].connection;
}

Connection* Connections::find(ConnectionRef ref) {
  Place& place = places_[ref.index];
  return place.used && place.generation == ref.generation ? &place.connection : nullptr;
}

Connection& Connections::add(const ConnectionKey& key) {
  uint32_t index = static_cast<uint32_t>(places_.size());
  if (free_.empty()) {
    places_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Place& place = places_[index];
  place.connection = Connection{};
  place.connection.key = key;
  ++place.generation;
  place.used = true;
  index_.emplace(key, index);
  return place.connection;
}

void Connections::remove(const Connection& connection) {
  const auto found = index_.find(connection.key);
  places_[found->second].used = false;
  free_.push_back(found->second);
  index_.erase(found);
}

ConnectionRef Connections::ref(const Connection& connection) const {
  const uint32_t index = index_.find(connection.key)->second;
  return {index, places_[index].generation};
}

}  // namespace portloop::lab
