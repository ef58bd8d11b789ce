--- Finds out which TCP ports answer, without root, on luv's loop: in Lua with luv, and in Neovim.
--
--   local portloop = require('portloop')
--   portloop.scan({ targets = '192.0.2.0/28', ports = '22,80,443' }, function(result)
--     if result.state == 'open' then print(result.address, result.port) end
--   end)
--
-- Scan only hosts and networks that you are permitted to scan. README.md describes the functions.
local core = require('portloop_core')
local uv = vim and (vim.uv or vim.loop) or require('luv')

-- ---- Driving portloop's loop from luv's ----

local DEFAULT_PROGRESS_MS = 1000

local loop -- portloop's libuv loop; made for the first scan, and kept
local scans = {} -- those that are not closed yet
local handles -- luv's, while there are scans: poll, timer and idle
local is_hurried = false -- a callback of the current turn has given portloop's loop something to do
local turn

-- A timer would not do for 0: libuv 1.44 runs one that is started again in its callback for ever, without polling.
local function plan(timeout_ms)
  handles.timer:stop()
  handles.idle:stop()
  if timeout_ms == 0 then handles.idle:start(turn) end
  if timeout_ms > 0 then handles.timer:start(timeout_ms, 0, turn) end
end

local function are_closing()
  return handles.poll:is_closing() or handles.timer:is_closing() or handles.idle:is_closing()
end

-- Takes a turn soon. Called after what gives portloop's loop something to do. The program may have closed the handles.
local function hurry()
  if handles == nil or are_closing() then
    handles = { poll = assert(uv.new_poll(loop:fileno())), timer = uv.new_timer(), idle = uv.new_idle() }
    handles.poll:start('r', turn)
  end
  is_hurried = true
  plan(0)
end

local function close_handles()
  for _, handle in pairs(handles) do
    if not handle:is_closing() then handle:close() end
  end
  handles = nil
end

local function remove(scan)
  for i, other in ipairs(scans) do
    if other == scan then return table.remove(scans, i) end
  end
end

-- Returns a function that returns the connection of `result` as luv's handle, if it is called in the callback of that
-- result, and for the first time; otherwise nil.
local function connection_of(scan, result)
  return function()
    local fd = scan.current == result and scan.core:take_fd() or nil
    if fd == nil then return nil end
    local tcp = uv.new_tcp()
    assert(tcp:open(fd))
    return tcp
  end
end

-- Calls the callbacks of one scan for what the last turn has brought.
local function deliver(scan)
  while not scan.is_closed_early do
    local result, has_connection, host = scan.core:take()
    if host ~= nil then
      scan.on_host(host, scan)
    elseif result ~= nil then
      scan.current = result
      if has_connection then result.take_tcp = connection_of(scan, result) end
      scan.on_result(result, scan)
    else
      break
    end
  end
  scan.current = nil
  scan.core:forget()
  local stats = scan.core:take_progress() and not scan.is_closed_early and scan:stats()
  if stats then scan.on_progress(stats, scan) end
  local done, message, code = scan.core:outcome()
  if done and scan.on_done ~= nil then
    local on_done = scan.on_done
    scan.on_done = nil
    on_done(message, code)
  end
  if scan.core:is_closed() and remove(scan) and scan.on_closed ~= nil then scan.on_closed() end
end

function turn()
  is_hurried = false
  local timeout_ms = loop:turn()
  plan(0) -- if a callback raises an error, the rest is delivered in the next turn
  local running = {}
  for i, scan in ipairs(scans) do running[i] = scan end
  for _, scan in ipairs(running) do deliver(scan) end
  if #scans == 0 then
    close_handles()
  else
    plan(is_hurried and 0 or timeout_ms)
  end
end

-- ---- Options ----

local function fail(name, kind, value)
  local shown = type(value) == 'string' and "'" .. value .. "'" or tostring(value)
  error(string.format('portloop: %s must be %s, not %s', name, kind, shown), 0)
end

local function check_number(name, value, low, high)
  if type(value) ~= 'number' or value ~= math.floor(value) or value < low or value > high then
    fail(name, string.format('a whole number from %.0f to %.0f', low, high), value)
  end
  return value
end

local function u32(name, value) return check_number(name, value, 0, 2 ^ 32 - 1) end

local function boolean(name, value)
  if type(value) ~= 'boolean' then fail(name, 'true or false', value) end
  return value
end

-- Returns the number that portloop.h has for a name.
local function choice(names)
  return function(name, value)
    for i, other in ipairs(names) do
      if other == value then return i - 1 end
    end
    fail(name, "'" .. table.concat(names, "' or '") .. "'", value)
  end
end

local function word(name, value)
  if type(value) == 'number' then return string.format('%.14g', value) end
  if type(value) ~= 'string' then fail(name, 'a string, a number or a table of them', value) end
  return value
end

local function words(name, value)
  local list = {}
  for i, each in ipairs(type(value) == 'table' and value or { value }) do list[i] = word(name, each) end
  return list
end

local function text(name, value)
  if type(value) ~= 'string' then fail(name, 'a string', value) end
  return value
end

-- The words of ports, as one list.
local function port_list(name, value) return table.concat(words(name, value), ',') end

local function callback(name, value)
  if type(value) ~= 'function' then fail(name, 'a function', value) end
end

local banner_kind = choice({ 'none', 'read', 'http' })

local function banners(name, value)
  local given = value
  if type(value) == 'boolean' then given = { kind = value and 'read' or 'none' } end
  if type(value) == 'string' then given = { kind = value } end
  if type(given) ~= 'table' then
    fail(name, "true, false, 'read', 'http' or a table with kind, timeout_ms and max_bytes", value)
  end
  return banner_kind(name, given.kind or 'read'), u32(name, given.timeout_ms or 2000), u32(name, given.max_bytes or 512)
end

local function rate(name, value)
  if type(value) ~= 'number' then fail(name, 'a number', value) end
  return value
end

local Group = {}
Group.__index = Group

local function check_group(name, value)
  if getmetatable(value) ~= Group then fail(name, 'what portloop.group() has returned', value) end
  return value.core
end

local function shard(name, value)
  if type(value) ~= 'table' then fail(name, 'a table with number and count', value) end
  return u32(name, value.number), u32(name, value.count)
end

-- What each option takes. A list of words is given to portloop one by one, and ports as one list.
local kinds = {
  targets = words, exclude = words, ports = words, exclude_ports = words,
  in_flight = u32, timeout_ms = u32, stop_after = u32, loops = u32, mark = u32,
  retries = function(name, value) return check_number(name, value, -2 ^ 31, 2 ^ 31 - 1) end,
  dscp = function(name, value) return check_number(name, value, -2 ^ 31, 2 ^ 31 - 1) end,
  source = words, interface = text, threaded = boolean, open_input = boolean, keep_connections = boolean,
  group = check_group, on_host = callback, on_progress = callback,
  progress_ms = function(name, value) return check_number(name, value, 1, 2 ^ 32 - 1) end,
  seed = function(name, value) return check_number(name, value, 0, 2 ^ 53) end,
  rate = rate, adaptive = boolean, shard = shard, banners = banners,
  all_open = choice({ 'ignore', 'report', 'skip' }),
  order = choice({ 'random', 'sequential' }), connector = choice({ 'fastest', 'portable' }),
}

-- Returns nil and a message if portloop refuses a value; raises an error for a wrong type or an unknown name.
local function options_of(given)
  if type(given) ~= 'table' then fail('the options', 'a table', given) end
  local options = core.options()
  for name, value in pairs(given) do
    local kind = kinds[name]
    if kind == nil then error(string.format("portloop: '%s' is not an option", tostring(name)), 0) end
    local message
    if kind == words then
      local list = words(name, value)
      if name == 'ports' or name == 'exclude_ports' then list = { port_list(name, value) } end
      for _, each in ipairs(list) do message = message or options:set(name, each) end
    elseif name == 'group' then
      options:set_group(check_group(name, value))
    elseif kind == callback or name == 'progress_ms' then
      kind(name, value) -- portloop.scan() uses it
    else
      message = options:set(name, kind(name, value))
    end
    if message ~= nil then return nil, message end
  end
  return options
end

-- ---- A scan ----

local Scan = {}
Scan.__index = Scan

function Scan:stop()
  self.core:stop()
  hurry()
end

function Scan:pause()
  self.core:pause()
end

function Scan:resume()
  self.core:resume()
  hurry()
end

function Scan:close(on_closed)
  if self.is_closed_early then return end
  self.is_closed_early = true
  self.on_closed = on_closed
  self.core:close()
  hurry()
end

function Scan:is_closing()
  return self.is_closed_early or self.core:is_closed()
end

function Scan:stats()
  return self.core:stats()
end

-- These return true, or nil and a message.
local function outcome_of(message)
  if message ~= nil then return nil, message end
  return true
end

function Scan:set_in_flight(connects)
  local message = self.core:set_in_flight(u32('in_flight', connects))
  hurry()
  return outcome_of(message)
end

function Scan:set_rate(connects_per_second)
  local message = self.core:set_rate(rate('rate', connects_per_second))
  hurry()
  return outcome_of(message)
end

function Scan:add(target, ports, tag)
  if ports ~= nil then ports = port_list('ports', ports) end
  local message = self.core:add(text('target', target), ports, check_number('tag', tag or 0, 0, 2 ^ 53))
  hurry()
  return outcome_of(message)
end

function Scan:finish()
  self.core:finish()
  hurry()
end

function Group:set_in_flight(connects)
  return outcome_of(self.core:set_in_flight(u32('in_flight', connects)))
end

function Group:set_rate(connects_per_second)
  return outcome_of(self.core:set_rate(rate('rate', connects_per_second)))
end

local portloop = { version = core.version }

-- Returns a group, whose scans share its limits; nil and a message if portloop refuses one.
function portloop.group(limits)
  local group = setmetatable({ core = core.group() }, Group)
  for name, value in pairs(limits or {}) do
    local set = name == 'in_flight' and group.set_in_flight or name == 'rate' and group.set_rate
    if not set then error(string.format("portloop: '%s' is not a limit of a group", tostring(name)), 0) end
    local done, message = set(group, value)
    if not done then return nil, message end
  end
  return group
end

function portloop.scan(given, on_result, on_done)
  if type(on_result) ~= 'function' then fail('on_result', 'a function', on_result) end
  if on_done ~= nil and type(on_done) ~= 'function' then fail('on_done', 'a function', on_done) end
  local options, message = options_of(given)
  if options == nil then return nil, message end
  loop = loop or core.loop()
  local scan = {
    core = core.scan(loop), on_result = on_result, on_done = on_done, is_closed_early = false,
    on_host = given.on_host, on_progress = given.on_progress,
  }
  setmetatable(scan, Scan)
  local progress_ms = scan.on_progress ~= nil and (given.progress_ms or DEFAULT_PROGRESS_MS) or 0
  message = scan.core:start(options, scan.on_host ~= nil, progress_ms)
  if message ~= nil then return nil, message end
  scans[#scans + 1] = scan
  hurry()
  return scan
end

return portloop
