-- What the tests in Lua and in Neovim share. `turn(holds)` runs the loop until the condition holds.
local portloop = require('portloop')

local ENDLESS = { targets = '127.0.0.0/9', ports = '61001-65535' } -- far too many probes to wait for

local function equal(found, expected)
  if found ~= expected then error(string.format('%s instead of %s', tostring(found), tostring(expected)), 2) end
end

local function refused(words, options)
  local called, scan, message = pcall(portloop.scan, options, print)
  if called then equal(scan, nil) else message = scan end
  assert(message:find(words, 1, true), message)
end

return function(uv, turn)
  local function listen()
    local server = uv.new_tcp()
    server:bind('127.0.0.1', 0)
    server:listen(8, function()
      local client = uv.new_tcp()
      server:accept(client)
      client:write('220 hello\r\n', function() client:close() end)
    end)
    return server, server:getsockname().port
  end

  -- Each port has one result, and the other handles of the loop are served meanwhile.
  local server, port = listen()
  local found, count, outcome = {}, 0, nil
  local scan = assert(portloop.scan({ targets = { '127.0.0.1' }, ports = { port, '61001-61500' }, banners = true }, function(result)
    equal(found[result.port], nil)
    found[result.port], count = result, count + 1
  end, function(...) outcome = { ... } end))
  equal(scan:is_closing(), false)
  turn(function() return outcome ~= nil end)
  server:close()
  equal(count, 501)
  equal(outcome[1], nil)
  local open, closed = found[port], found[61001]
  equal(open.address .. ' ' .. open.state .. ' ' .. open.reason .. ' ' .. open.service, '127.0.0.1 open syn-ack ')
  equal(open.banner, '220 hello\r\n')
  assert(open.rtt_us > 0 and open.attempts >= 1)
  equal(closed.state .. ' ' .. closed.reason, 'closed conn-refused')
  equal(closed.banner, nil)
  turn(function() return scan:stats() == nil end)

  -- Every option is accepted.
  count, outcome = 0, nil
  assert(portloop.scan({
    targets = '127.0.0.1-4', exclude = '127.0.0.2', ports = '61001-61010', exclude_ports = { 61001, '61002' }, in_flight = 10, rate = 1e6,
    timeout_ms = 500, adaptive = false, stop_after = 3, retries = 0, order = 'sequential', seed = 2 ^ 53, shard = { number = 1, count = 2 },
    loops = 1, connector = 'portable', banners = { kind = 'http', timeout_ms = 100, max_bytes = 10 },
  }, function(result)
    assert(result.port > 61002 and result.address ~= '127.0.0.2')
    count = count + 1
  end, function(...) outcome = { ... } end))
  turn(function() return outcome ~= nil end)
  equal(count, 12)

  -- stop() reports what is known, close() nothing more; both end in one on_done. Two scans share the loop, and threads.
  local outcomes, closings, after = {}, 0, 0
  local function note(name)
    return function(_, code) outcomes[#outcomes + 1] = name .. ' ' .. code end
  end
  local stopped = assert(portloop.scan(ENDLESS, function(_, self) self:stop() end, note('stopped')))
  local left
  left = assert(portloop.scan({ targets = ENDLESS.targets, ports = ENDLESS.ports, loops = 2 }, function(_, self)
    if self:is_closing() then after = after + 1 end
    self:close(function() closings = closings + 1 end)
    self:close(function() closings = closings + 100 end)
  end, note('left')))
  turn(function() return #outcomes == 2 and closings > 0 and stopped:is_closing() end)
  table.sort(outcomes)
  equal(table.concat(outcomes, ', '), 'left ECANCELED, stopped ECANCELED')
  equal(closings, 1)
  equal(after, 0)
  equal(left:is_closing(), true)

  -- A paused scan starts nothing.
  local held = assert(portloop.scan({ targets = ENDLESS.targets, ports = ENDLESS.ports, in_flight = 10 }, function(_, self) self:pause() end))
  turn(function() return held:stats().closed > 0 and held:stats().in_flight == 0 end)
  local connects, turns, idle = held:stats().connects, 0, uv.new_idle()
  idle:start(function() turns = turns + 1 end)
  turn(function() return turns > 20 end)
  idle:close()
  equal(held:stats().connects, connects)
  held:resume()
  turn(function() return held:stats().connects > connects end)
  held:close()

  -- What a callback does takes effect at once, also if the next connect is far away.
  outcomes = {}
  assert(portloop.scan({ targets = '127.0.0.1', ports = '61001-61003', rate = 0.001 }, function(_, self) self:stop() end, note('slow')))
  turn(function() return #outcomes == 1 end)

  -- A scan may be started when the last one is closed.
  outcome = nil
  local function start_another()
    assert(portloop.scan({ targets = '127.0.0.1', ports = '61001' }, function() end, function() outcome = 'another' end))
  end
  assert(portloop.scan(ENDLESS, function(_, self) self:close(start_another) end))
  turn(function() return outcome == 'another' end)

  -- What is refused is named.
  refused("'no such host'", { targets = 'no such host' })
  refused("'70000'", { targets = '127.0.0.1', ports = 70000 })
  refused('not 0', { targets = '127.0.0.1', timeout_ms = 0 })
  refused("'timeout' is not an option", { targets = '127.0.0.1', timeout = 5 })
  refused('timeout_ms must be a whole number from 0 to 4294967295, not -5', { targets = '127.0.0.1', timeout_ms = -5 })
  refused("in_flight must be a whole number from 0 to 4294967295, not '9'", { targets = '127.0.0.1', in_flight = '9' })
  refused("order must be 'random' or 'sequential', not 'up'", { targets = '127.0.0.1', order = 'up' })
  refused('banners must be', { targets = '127.0.0.1', banners = 1 })
  refused('invalid argument', { targets = '127.0.0.1\0' })
  refused('no address', {})
  return held
end
