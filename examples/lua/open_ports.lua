-- Prints the open ports of a host and what they send: lua open_ports.lua HOST PORTS
local portloop = require('portloop')
local uv = require('luv')

local host, ports = arg[1], arg[2]
if ports == nil then
  io.stderr:write('usage: open_ports.lua HOST PORTS\n')
  os.exit(2)
end
local addresses = assert(uv.getaddrinfo(host, nil, { socktype = 'stream' }))
assert(portloop.scan({ targets = addresses[1].addr, ports = ports, banners = true }, function(result)
  if result.state == 'open' then print(result.address, result.port, result.service, result.banner) end
end))
uv.run()
