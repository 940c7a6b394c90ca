/** What the live page of a node makes of what the node tells: counts, rates and words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ending, facts, verdict, when } from '../../node/page/live/explain.js'
import { figures, outline, rates, scale } from '../../node/page/live/metrics.js'

test('figures are read from what Prometheus is told', () => {
  const text = `# HELP rollcall_view_joins_total Members that came.
# TYPE rollcall_view_joins_total counter
rollcall_view_joins_total 32
rollcall_view_leaves_total{reason="closed"} 2
rollcall_view_leaves_total{reason="left"} 1.7e+01
rollcall_view_users 8
rollcall_view_sessions 9
rollcall_view_anonymous 1
rollcall_view_channels 4
rollcall_node_incomplete 1
`
  assert.deepEqual(figures(text), { users: 8, sessions: 9, anonymous: 1, channels: 4, joins: 32, leaves: 19, incomplete: true })
  assert.deepEqual(figures(''), { users: 0, sessions: 0, anonymous: 0, channels: 0, joins: 0, leaves: 0, incomplete: false })
})

test('rates are of what was counted between two looks', () => {
  const sample = (at, joins, leaves) => ({ at, joins, leaves })
  assert.deepEqual(rates([]), [])
  assert.deepEqual(rates([sample(0, 5, 5)]), [])
  assert.deepEqual(rates([sample(0, 5, 5), sample(2_000, 9, 6)]), [{ from: 0, to: 2_000, joins: 2, leaves: 0.5 }])
  assert.deepEqual(rates([sample(0, 5, 5), sample(2_000, 1, 6)]), [], 'the node began anew')
  assert.deepEqual(rates([sample(0, 5, 5), sample(31_000, 9, 6)]), [], 'nobody looked')
})

test('the sparkline stays in its box', () => {
  for (const [most, want] of [[0, 1], [1, 1], [1.5, 2], [2.1, 5], [7, 10], [11, 20], [999, 1000]]) {
    assert.equal(scale([{ from: 0, to: 1, joins: most, leaves: 0 }]), want)
  }
  const box = { now: 300_000, width: 300, middle: 36, height: 34, most: 10 }
  const all = [{ from: -10_000, to: -5_000, joins: 9, leaves: 9 }, { from: -1_000, to: 1_000, joins: 10, leaves: 0 }, { from: 298_000, to: 300_000, joins: 5, leaves: 10 }]
  assert.equal(outline(all, 'joins', box), 'M0 36V2H1V36ZM298 36V19H300V36Z')
  assert.equal(outline(all, 'leaves', box), 'M0 36V36H1V36ZM298 36V70H300V36Z')
})

const now = Date.UTC(2026, 0, 1, 12)
const live = { id: 'a-1', node: 'node-1', nodeId: 'a', state: 'online', address: '', agent: '', channels: [], held: { socket: true, lastFrame: now - 4_000, tokenUntil: now + 600_000 } }
const alice = { user: 'alice', status: 'online', chosen: 'online', connection: 'online', channels: [], sessions: [live], leaves: { reason: 'timeout', at: now + 9_000 } }

test('it is said why somebody is online, and until when', () => {
  assert.match(verdict(alice, now), /^alice is online: 1 session on node-1\. If nothing more came from her, she would leave in 9 s, at [\d:]+\.$/)
  assert.match(verdict({ ...alice, sessions: [], leaves: undefined, status: 'offline', lastSeen: now - 120_000 }, now), /^alice is offline: no node holds a session of hers\. She was last seen 2 min ago/)
  assert.equal(verdict({ ...alice, sessions: [], leaves: undefined }, now), 'alice is offline: no node holds a session of hers.')
  assert.match(verdict({ ...alice, chosen: 'offline', status: 'offline' }, now), /^alice is connected: .* She chose to be offline, so nobody else sees her\./)
  assert.match(verdict({ ...alice, sessions: [{ ...live, state: 'broken' }], leaves: { reason: 'closed', at: now + 2_000 } }, now), /All are in grace: .* Unless her client is back, she leaves in 2 s, at [\d:]+\.$/)
  assert.equal(verdict({ ...alice, leaves: undefined }, now), 'alice is online: 1 session on node-1.')
})

test('what only the holder knows is said, or that it did not tell', () => {
  assert.deepEqual(facts(live, now), ['last frame 4 s ago'])
  assert.deepEqual(facts({ ...live, held: undefined, unknown: 'node did not answer in time' }, now), ['Only node-1 knows more, and: node did not answer in time.'])
  assert.match(facts({ ...live, held: { socket: false, graceUntil: now + 1_000 } }, now)[0], /^in grace: its connection is lost/)
  assert.match(facts({ ...live, held: { socket: false } }, now)[0], /a ghost$/)
  assert.deepEqual(facts({ ...live, held: { socket: true } }, now), ['no token: it is anonymous'])
})

test('each end is said in words', () => {
  for (const [end, want] of [
    [{ reason: 'timeout', at: now + 9_000 }, /^if its socket stays silent: in 9 s/],
    [{ reason: 'expired', at: now + 600_000 }, /^unless its token is renewed: in 10 min/],
    [{ reason: 'closed', at: now }, /^unless its client is back: now$/],
    [{ reason: 'node_lost', at: now + 2_000 }, /^unless node-1, which is late, is heard of again: in 2 s/],
    [{ reason: 'other', at: now }, /^other: now$/],
  ]) assert.match(ending(end, live, now), want)
  assert.match(ending({ reason: 'timeout', at: now }, { ...live, held: { socket: true, graceUntil: now } }, now), /^node-1 was paused/)
  assert.equal(when(now - 5_000, now), 'now')
})
