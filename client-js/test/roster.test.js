import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apply, assemble, nobody, replace } from '../src/roster.js'

const member = (user, more = {}) => ({ user, since: 1, ...more })
const roster = (version, users, more = {}) => assemble([{ version, count: users.length, members: users.map((u) => member(u)), ...more }])
const brief = (changes) => changes.map(({ action, user, reason }) => [action, user, reason].filter(Boolean).join(' '))

test('a roster in parts is one roster, in the order of arrival', () => {
  const { members, partial, complete } = assemble([
    { version: 4, count: 3, members: [member('zoe'), member('bob')], partial: true },
    { version: 4, count: 3, members: [member('alice')], complete: false },
  ])
  assert.deepEqual([...members.keys()], ['zoe', 'bob', 'alice'])
  assert.deepEqual([partial, complete], [true, false])
})

test('a roster tells only what differs, and dates alone do not', () => {
  const before = assemble([{ version: 1, count: 3, members: [member('a'), member('b', { data: { x: 1 } }), member('c')] }])
  const after = assemble([{ version: 9, count: 3, members: [member('a', { since: 7, lastActivity: 5 }), member('b', { data: { x: 2 } }), member('d')] }])
  assert.deepEqual(brief(replace(before, after).changes), ['leave c missed', 'update b', 'join d'])
})

test('applying twice changes nothing the second time', () => {
  const after = roster(1, ['a', 'b'])
  const once = replace(nobody, after).roster
  assert.deepEqual(replace(once, after).changes, [])
})

test('a diff that is not the next one is refused', () => {
  assert.equal(apply(roster(4, []), { version: 6, count: 0 }), null)
  assert.equal(apply(roster(4, []), { version: 4, count: 0 }), null)
})

test('an incomplete roster keeps whom it does not list, and her return is no news', () => {
  const { roster: kept, changes } = replace(roster(3, ['a', 'b']), roster(8, ['a'], { complete: false }))
  assert.deepEqual([changes, [...kept.members.keys()]], [[], ['a', 'b']])
  const back = apply(kept, { version: 9, count: 2, join: [member('b')] })
  assert.deepEqual(back.changes, [])
})

test('a partial roster tells of no leave, and lists nobody of whom nothing is known', () => {
  const { roster: now, changes } = replace(roster(3, ['a', 'b']), roster(8, ['a'], { partial: true, count: 5000 }))
  assert.deepEqual([changes, [...now.members.keys()], now.count], [[], ['a'], 5000])
  const next = apply(now, { version: 9, count: 4999, leave: [{ user: 'stranger', reason: 'left' }] })
  assert.deepEqual([next.changes, next.roster.count], [[], 4999])
})

test('names are data: __proto__, constructor and emoji are users like others', () => {
  const names = ['__proto__', 'constructor', '👩‍🚀', '']
  const next = apply(nobody, { version: 1, count: 4, join: names.map((n) => member(n)) })
  assert.deepEqual([...next.roster.members.keys()], names)
  const gone = apply(next.roster, { version: 2, count: 3, leave: [{ user: '__proto__', reason: 'left' }] })
  assert.deepEqual(brief(gone.changes), ['leave __proto__ left'])
})

test('a roster that was handed out never changes', () => {
  const before = roster(1, ['a'])
  apply(before, { version: 2, count: 0, leave: [{ user: 'a', reason: 'left' }] })
  assert.equal(before.members.has('a'), true)
})

test('random rosters and diffs end where a plain model does, and events alone rebuild the list', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = lehmer(seed)
    const pick = (n) => Math.floor(random() * n)
    const node = new Map() // what the node holds
    const told = new Map() // what somebody who only listens to changes knows
    let version = 0
    let known = nobody
    for (let step = 0; step < 60; step++) {
      const diff = { version: version + 1, join: [], update: [], leave: [] }
      for (const user of new Set([pick(8), pick(8), pick(8)].map((n) => `u${n}`))) {
        if (!node.has(user)) diff.join.push(member(user, { data: { n: pick(3) } }))
        else if (random() < 0.5) diff.update.push({ ...node.get(user), data: { n: pick(3) }, since: pick(9) })
        else diff.leave.push({ user, reason: 'left' })
      }
      for (const m of [...diff.join, ...diff.update]) node.set(m.user, m)
      for (const { user } of diff.leave) node.delete(user)
      version++
      const lost = random() < 0.1
      let result = lost ? null : apply(known, { ...diff, count: node.size })
      if (result === null) {
        if (!lost) assert.notEqual(known.version + 1, version, `seed ${seed}: refused a diff that was the next one`)
        if (random() < 0.5) continue // goes on without a roster: the next diff must be refused
        result = replace(known, assemble([{ version, count: node.size, members: [...node.values()] }]))
      }
      known = result.roster
      for (const { action, user, member } of result.changes) {
        assert.equal(action === 'join', !told.has(user), `seed ${seed}: ${action} ${user}`)
        if (action === 'leave') told.delete(user)
        else told.set(user, member)
      }
      const plain = (map) => [...map.values()].map(({ user, data }) => `${user} ${data.n}`).sort()
      assert.deepEqual(plain(known.members), plain(node), `seed ${seed} step ${step}`)
      assert.deepEqual(plain(told), plain(node), `seed ${seed} step ${step}: by events`)
    }
  }
})

function lehmer(seed) {
  let state = seed * 48271
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}
