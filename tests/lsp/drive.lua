-- What a user does in Neovim: waits for the findings, chooses a code action, writes all files. What was seen goes to $SEEN.
local function wait(what, is_there)
  assert(vim.wait(60000, is_there, 20), what)
end

local ok, seen = pcall(function()
  wait("there are no diagnostics", function()
    return #vim.diagnostic.get(0) > 0
  end)
  local seen = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    table.insert(seen, { line = one.lnum, column = one.col, code = one.code or one.user_data.lsp.code })
  end
  if (vim.env.ACTION or "") ~= "" then
    local chosen = false
    vim.ui.select = function(items, _, choose)
      for _, item in ipairs(items) do
        if item[2].title == vim.env.ACTION then
          choose(item)
          chosen = true
        end
      end
    end
    vim.api.nvim_win_set_cursor(0, { seen[1].line + 1, seen[1].column })
    vim.lsp.buf.code_action()
    wait("there is no such action", function()
      return chosen
    end)
    wait("the findings stay", function()
      return #vim.diagnostic.get(0) == 0
    end)
  end
  vim.cmd("write")
  vim.cmd("wall")
  return seen
end)
vim.fn.writefile({ vim.fn.json_encode({ ok = ok, seen = seen }) }, vim.env.SEEN)
vim.cmd("qall!")
