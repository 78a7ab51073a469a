-- What Argo CD shows for the four kinds of highlander.plexobject.io. Base and table libraries only.
local wait = { status = "Progressing", message = "waiting for the operator" }
local st = obj.status
if st == nil or st.conditions == nil then return wait end
if st.observedGeneration ~= nil and st.observedGeneration ~= obj.metadata.generation then return wait end
local by = {}
for _, c in ipairs(st.conditions) do by[c.type] = c end
local function is(t) return by[t] ~= nil and by[t].status == "True" end
if is("Stalled") then return { status = "Degraded", message = by.Stalled.message } end
-- A suspended workload whose instance still ends is on its way.
if is("Ready") and is("Suspended") then return { status = "Suspended", message = by.Suspended.message } end
if is("Ready") then return { status = "Healthy", message = by.Ready.message } end
if by.Ready ~= nil then wait.message = by.Ready.message end
return wait
