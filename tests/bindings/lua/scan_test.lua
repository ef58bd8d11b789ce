-- The module in Lua with luv.
local folder = arg[0]:match('^(.*)/')
local uv = require('luv')
local portloop = require('portloop')

local function turn(holds)
  while not holds() do uv.run('once') end
end

dofile(folder .. '/check.lua')(uv, turn)
uv.run()

-- uv.walk() finds luv's handles only, also while scans run. A program that closes all of them ends its scans.
local results, done = 0, false
local scan = assert(portloop.scan({ targets = '127.0.0.0/9', ports = '61001-65535' }, function() results = results + 1 end, function() done = true end))
turn(function() return results > 0 end)
local kinds = {}
uv.walk(function(handle)
  kinds[#kinds + 1] = tostring(handle):match('^%S+:')
  handle:close()
end)
table.sort(kinds)
assert(table.concat(kinds, ' ') == 'uv_idle_t: uv_poll_t: uv_timer_t:', table.concat(kinds, ' '))
uv.run()
local before = results
uv.run()
assert(results == before and not done)
-- The scan is there until it is closed.
scan:close()
uv.run()
assert(done and scan:is_closing())

-- An error of a callback is luv's to report: by default it ends the program.
local program = string.format([[
  package.path, package.cpath = %q, %q
  require('portloop').scan({ targets = '127.0.0.1', ports = '61001' }, function() error('of my own') end)
  require('luv').run()]], package.path, package.cpath)
local child = assert(io.popen("lua5.1 -e '" .. program:gsub("'", "'\\''") .. "' 2>&1; echo $?"))
local output = child:read('*a')
child:close()
assert(output:find('of my own', 1, true) and output:match('\n255\n$'), output)

-- A scan that nobody closes ends with the state.
child = assert(io.popen("lua5.1 -e '" .. program:gsub("'", "'\\''"):gsub('61001', '61001-65535'):gsub('127.0.0.1', '127.0.0.0/9'):gsub('error%(.-%)', 'os.exit(7, true)') .. "' 2>&1; echo $?"))
output = child:read('*a')
child:close()
assert(output == '7\n', output)

assert(uv.loop_close() == 0)
print('lua with luv ' .. uv.version_string() .. ', portloop ' .. portloop.version)
