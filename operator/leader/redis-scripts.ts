// The steps of the lock as scripts that Redis runs as one: no other client gets in between.
// One hash per tenant, without an expiry: an expiry would erase who held the lock and whether it was drained.
// A key of another type is somebody else's (the Go version keeps a string there) and is never written.

/** ARGV: nothing. */
const READ = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {'ABSENT'} end
if kind == 'string' then return {'FOREIGN', redis.call('GET', KEYS[1])} end
if kind ~= 'hash' then return {'FOREIGN', 'a ' .. kind} end
return {'RECORD', unpack(redis.call('HGETALL', KEYS[1]))}`

/** ARGV: 1 claim 2 seq 3 holder 4 cluster 5 clusterId 6 fence 7 expected 8 minEpoch 9 now */
const ACQUIRE = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then return {'FOREIGN'} end
local r = redis.call('HMGET', KEYS[1], 'claim', 'seq', 'epoch', 'state')
if r[1] == ARGV[1] and r[4] == 'held' then
  local epoch = string.format('%.0f', math.max(tonumber(r[3]), tonumber(ARGV[8])))
  if tonumber(ARGV[2]) > tonumber(r[2]) then
    redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'epoch', epoch, 'renewedAt', ARGV[9])
  else
    redis.call('HSET', KEYS[1], 'epoch', epoch)
  end
  return {'ACQUIRED', epoch}
end
if kind == 'hash' and not (r[1] and r[2] and r[3]) then return {'FOREIGN'} end
if (r[1] and (r[1] .. ':' .. r[2]) or '') ~= ARGV[7] then return {'CHANGED'} end
local epoch = string.format('%.0f', math.max(tonumber(r[3] or '0') + 1, tonumber(ARGV[8])))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'claim', ARGV[1], 'seq', ARGV[2], 'holder', ARGV[3], 'cluster', ARGV[4],
  'clusterId', ARGV[5], 'fence', ARGV[6], 'epoch', epoch, 'state', 'held', 'drained', '0', 'request', '',
  'renewedAt', ARGV[9])
return {'ACQUIRED', epoch}`

/** ARGV: 1 claim 2 seq 3 now */
const RENEW = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {'MISSING'} end
if kind ~= 'hash' then return {'FOREIGN'} end
local r = redis.call('HMGET', KEYS[1], 'claim', 'seq', 'state', 'request')
if r[1] ~= ARGV[1] or r[3] ~= 'held' then return {'LOST'} end
if tonumber(ARGV[2]) <= tonumber(r[2]) then return {'STALE'} end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'renewedAt', ARGV[3])
return {'RENEWED', r[4] or ''}`

/** ARGV: 1 claim 2 seq 3 drained 4 request */
const RELEASE = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {'LOST'} end
local r = redis.call('HMGET', KEYS[1], 'claim', 'seq', 'state')
if r[1] ~= ARGV[1] or r[3] ~= 'held' then return {'LOST'} end
local seq = string.format('%.0f', math.max(tonumber(r[2]) + 1, tonumber(ARGV[2])))
redis.call('HSET', KEYS[1], 'seq', seq, 'state', 'released', 'drained', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'request', ARGV[4]) end
return {'RELEASED'}`

/** ARGV: 1 expected 2 cluster */
const ASK = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {'CHANGED'} end
local r = redis.call('HMGET', KEYS[1], 'claim', 'seq')
if ARGV[1] == '' or not r[1] or (r[1] .. ':' .. r[2]) ~= ARGV[1] then return {'CHANGED'} end
redis.call('HSET', KEYS[1], 'request', ARGV[2])
return {'ASKED'}`

export const scripts = { read: READ, acquire: ACQUIRE, renew: RENEW, release: RELEASE, ask: ASK } as const

export type ScriptName = keyof typeof scripts
