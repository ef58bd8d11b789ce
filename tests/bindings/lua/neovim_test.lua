-- The module in Neovim, on the loop of the editor. Any error ends it with exit status 1.
local folder = debug.getinfo(1, 'S').source:match('^@(.*)/')

local function turn(holds)
  assert(vim.wait(60000, holds, 1), 'the loop stood still')
end

local passed, message = xpcall(function()
  local held = dofile(folder .. '/check.lua')(vim.loop, turn)
  turn(function() return held.core:is_closed() end)
  -- The errors of callbacks are shown, and what follows still comes, also if nothing else wakes portloop's loop.
  local server, greeting = vim.loop.new_tcp(), vim.loop.new_timer()
  server:bind('127.0.0.1', 0)
  server:listen(8, function()
    local client = vim.loop.new_tcp()
    server:accept(client)
    greeting:start(20, 0, function() client:write('hello', function() client:close() end) end)
  end)
  local calls, done = 0, false
  assert(require('portloop').scan({ targets = '127.0.0.1', ports = { '61001-61005', server:getsockname().port }, banners = true }, function()
    calls = calls + 1
    error('of my own')
  end, function() done = true end))
  turn(function() return done end)
  server:close()
  greeting:close()
  assert(calls == 6, calls .. ' results')
  turn(function() return vim.api.nvim_exec('messages', true):find('of my own', 1, true) ~= nil end)
end, debug.traceback)
if not passed then
  io.stderr:write(message, '\n')
  vim.cmd('cquit 1')
end
