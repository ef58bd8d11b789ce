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
    all_open = 'report', loops = 1, connector = 'portable', banners = { kind = 'http', timeout_ms = 100, max_bytes = 10 },
    threaded = false, source = { '127.0.0.1', '::1' }, interface = 'lo', dscp = 46, mark = 0, open_input = false, keep_connections = true,
    group = portloop.group({ in_flight = 100, rate = 1e6 }), on_host = function() end, on_progress = function() end, progress_ms = 60000,
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

  -- Limits change while it runs. A scan that was paused starts one connect at a time then.
  local limited
  limited = assert(portloop.scan({ targets = ENDLESS.targets, ports = ENDLESS.ports, in_flight = 20 }, function(_, self) self:pause() end))
  turn(function() return limited:stats().closed > 0 and limited:stats().in_flight == 0 end)
  equal(limited:set_in_flight(1), true)
  equal(limited:set_rate(1e9), true)
  local _, message = limited:set_in_flight(0)
  equal(message, 'invalid argument')
  connects = limited:stats().connects
  limited:resume()
  turn(function()
    assert(limited:stats().in_flight <= 1)
    return limited:stats().connects > connects
  end)
  limited:close()

  -- A group holds for all of its scans.
  local group = assert(portloop.group({ in_flight = 3, rate = 1e6 }))
  local members, seen = {}, 0
  for i = 1, 2 do
    members[i] = assert(portloop.scan({ targets = ENDLESS.targets, ports = ENDLESS.ports, group = group }, function() seen = seen + 1 end))
  end
  turn(function()
    assert(members[1]:stats().in_flight + members[2]:stats().in_flight <= 3)
    return seen > 300
  end)
  equal(group:set_in_flight(1), true)
  equal(select(2, group:set_rate(-1)), 'invalid argument')
  for i = 1, 2 do members[i]:close() end

  -- Targets are added while the scan runs, with ports and tags of their own.
  local tags, over = {}, nil
  local open = assert(portloop.scan({ ports = 61001, open_input = true }, function(result)
    tags[#tags + 1] = string.format('%s:%d=%.0f', result.address, result.port, result.tag)
  end, function(...) over = { ... } end))
  equal(open:add('127.0.0.1'), true)
  equal(open:add('127.0.0.2', { 61002, '61003' }, 2 ^ 53), true)
  _, message = open:add('here')
  assert(message:find("'here'", 1, true), message)
  equal(select(2, open:add('127.0.0.1\0')), 'invalid argument')
  assert(not pcall(open.add, open, 5))
  assert(not pcall(open.add, open, '127.0.0.1', nil, -1))
  open:finish()
  _, message = open:add('127.0.0.1')
  assert(message:find('input of the scan is not open', 1, true), message)
  turn(function() return over ~= nil end)
  table.sort(tags)
  equal(table.concat(tags, ' '), '127.0.0.1:61001=0 127.0.0.2:61002=9007199254740992 127.0.0.2:61003=9007199254740992')
  equal(over[1], nil)

  -- A host that is absent is an event.
  local events, unreached, absent = {}, 0, os.getenv('ABSENT_HOST')
  over = nil
  assert(portloop.scan({ targets = absent, ports = '1-3', on_host = function(event) events[#events + 1] = event.address .. ' ' .. event.event end },
    function(result) if result.reason == 'host-unreach' then unreached = unreached + 1 end end, function() over = true end))
  turn(function() return over end)
  equal(unreached, 3)
  equal(table.concat(events, ', '), absent .. ' absent')

  -- A host that accepts everything is an event, and may be left out.
  for use, count in pairs({ ignore = 20, report = 20, skip = 1 }) do
    local found, tarpit = 0, os.getenv('TARPIT_HOST')
    events, over = {}, nil
    assert(portloop.scan({ targets = tarpit, ports = '101-120', all_open = use,
      on_host = function(event) events[#events + 1] = event.address .. ' ' .. event.event end },
      function(result) if result.state == 'open' then found = found + 1 end end, function() over = true end))
    turn(function() return over end)
    equal(found, count)
    equal(table.concat(events, ', '), use == 'ignore' and '' or tarpit .. ' all-open')
  end

  -- Progress comes also while nothing happens.
  local progress
  local idler = assert(portloop.scan({ open_input = true, on_progress = function(stats) progress = stats end, progress_ms = 1, threaded = true }, function() end))
  turn(function() return progress ~= nil end)
  equal(progress.probes, 0)
  idler:close()

  -- A connection is taken over in the callback of its result, and only there; one that is not taken is reset.
  for _, engine in ipairs({ {}, { loops = 2 }, { connector = 'portable' } }) do
    local listening, accepted, resets = uv.new_tcp(), {}, 0
    listening:bind('127.0.0.1', 0)
    listening:listen(8, function()
      local peer = uv.new_tcp()
      listening:accept(peer)
      local name = peer:getpeername()
      if name ~= nil then
        accepted[name.port] = peer
      else
        resets = resets + 1 -- already
        peer:close()
      end
    end)
    for _, takes in ipairs({ true, false }) do
      local taken, read, last, ended = nil, nil, nil, false
      local options = { targets = '127.0.0.1', ports = { listening:getsockname().port, 61001 }, keep_connections = true }
      for name, value in pairs(engine) do options[name] = value end
      assert(portloop.scan(options, function(result)
        equal(result.take_tcp ~= nil, result.state == 'open')
        if result.state ~= 'open' then return end
        last = result
        if not takes then return end
        taken = result.take_tcp()
        equal(result.take_tcp(), nil)
      end, function() ended = true end))
      turn(function() return ended end)
      equal(last.take_tcp(), nil)
      if takes then
        local own = taken:getsockname().port
        turn(function() return accepted[own] ~= nil end)
        accepted[own]:write('hello')
        taken:read_start(function(_, data) read = data end)
        turn(function() return read ~= nil end)
        equal(read, 'hello')
        taken:close()
      else
        turn(function() return next(accepted) ~= nil or resets > 0 end)
        for _, peer in pairs(accepted) do
          peer:read_start(function(failure)
            equal(failure, 'ECONNRESET')
            resets = resets + 1
          end)
        end
        turn(function() return resets > 0 end)
      end
      for _, peer in pairs(accepted) do peer:close() end
      accepted, resets = {}, 0
    end
    listening:close()
  end

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
  refused("'nosuchif0'", { targets = '127.0.0.1', interface = 'nosuchif0' })
  refused('DSCP is 0-63', { targets = '127.0.0.1', dscp = 64 })
  refused("'here'", { targets = '127.0.0.1', source = 'here' })
  refused('group must be what portloop.group() has returned, not 5', { targets = '127.0.0.1', group = 5 })
  refused("all_open must be 'ignore' or 'report' or 'skip', not 'scan'", { targets = '127.0.0.1', all_open = 'scan' })
  refused('on_host must be a function, not 1', { targets = '127.0.0.1', on_host = 1 })
  refused('progress_ms must be a whole number from 1', { targets = '127.0.0.1', progress_ms = 0 })
  assert(not pcall(portloop.group, { speed = 1 }))
  equal(select(2, portloop.group({ in_flight = 0 })), 'invalid argument')
  return held
end
