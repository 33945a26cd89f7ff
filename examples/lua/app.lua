-- SPDX-License-Identifier: BSD-2-Clause
-- Reads commands on the console: "sum N...", "upper TEXT", "files", "quit".
local commands = {}

function commands.sum(rest)
    local total = 0
    for n in rest:gmatch("%-?%d+") do total = total + math.tointeger(n) end
    return total
end

function commands.upper(rest)
    return rest:upper()
end

function commands.files()
    local name = os.tmpname()
    local f = assert(io.open(name, "w"))
    for i = 1, 3 do f:write(i * i, "\n") end
    f:close()
    local t = {}
    for line in io.lines(name) do t[#t + 1] = line end
    os.remove(name)
    return table.concat(t, ",")
end

print(_VERSION .. " ready")
for line in io.lines() do
    local name, rest = line:match("^(%w+)%s*(.-)%s*$")
    if name == "quit" then break end
    local f = commands[name]
    print(f and f(rest) or "unknown command")
end
os.exit(7)
