import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diary, settle, token, World } from './fake.js'

async function joined(users = ['alice', 'bob'], options) {
  const world = new World()
  const client = world.client(options)
  const room = client.join('room', { data: { name: 'Alice' } })
  const lines = diary(room)
  await settle()
  world.socket.roster('room', 4, users, { id: world.socket.find('join').id })
  return { world, client, room, lines, socket: world.socket }
}

test('the first roster is one sync, and no join of those who were there', async () => {
  const { room, lines, socket } = await joined()
  assert.deepEqual(socket.find('join'), { type: 'join', id: 2, channel: 'room', data: { name: 'Alice' }, mode: 'members' })
  assert.deepEqual([lines, [...room.members.keys()], room.count, room.has('bob'), room.state], [['sync 2'], ['alice', 'bob'], 2, true, 'live'])
  assert.equal(await room.ready, room)
})

test('diffs are told one by one; after a gap the roster is asked for, and only differences are told', async () => {
  const { room, lines, socket } = await joined()
  socket.say({ type: 'diff', channel: 'room', version: 5, count: 3, join: [{ user: 'carol', since: 2 }] })
  socket.say({ type: 'diff', channel: 'room', version: 7, count: 9, join: [{ user: 'nobody', since: 2 }] })
  socket.say({ type: 'diff', channel: 'room', version: 8, count: 9, join: [{ user: 'nobody', since: 2 }] })
  assert.equal(socket.sent.filter((m) => m.type === 'sync').length, 1)
  socket.roster('room', 8, ['alice', { user: 'carol', since: 2, status: 'away' }, 'dave'], { id: socket.find('sync').id })
  assert.deepEqual(lines, ['sync 2', 'join carol', 'leave bob missed', 'update carol online→away', 'join dave', 'sync 3'])
  socket.say({ type: 'diff', channel: 'room', version: 9, count: 2, leave: [{ user: 'dave', reason: 'kicked' }] })
  assert.deepEqual([lines.at(-1), room.count], ['leave dave kicked', 2])
})

test('a broken connection makes rosters stale at once, and a reconnect tells differences only', async () => {
  const { world, room, lines } = await joined()
  world.socket.drop()
  assert.deepEqual([lines.at(-1), room.stale, room.members.size], ['stale', true, 2])
  await world.clock.pass(1_000)
  world.socket.roster('room', 77, ['bob', 'alice'])
  assert.deepEqual(lines, ['sync 2', 'stale', 'sync 2'])
  assert.equal(room.stale, false)
})

test('members are thought gone only after a further timeout without a connection', async () => {
  const { world, room, lines } = await joined()
  world.WebSocket.prototype.send = () => {}
  world.auto = false
  world.socket.drop()
  await world.clock.pass(12_500)
  assert.deepEqual(lines, ['sync 2', 'stale'])
  await world.clock.pass(2_000)
  assert.deepEqual([lines.slice(2), room.members.size, room.count], [['leave alice timeout', 'leave bob timeout'], 0, 0])
  await world.clock.pass(60_000)
  assert.equal(lines.length, 4)
})

test('inferAfter says how long that is, and sleeping does not count', async () => {
  const { world, lines } = await joined(['alice'], { inferAfter: 5_000 })
  world.auto = false
  world.socket.drop()
  await world.clock.sleep(3_600_000)
  assert.deepEqual(lines, ['sync 1', 'stale'])
  await world.clock.pass(6_000)
  assert.deepEqual(lines.at(-1), 'leave alice timeout')
  world.auto = true
  await world.clock.pass(20_000)
  world.socket.roster('room', 1, ['alice'])
  assert.deepEqual(lines.slice(3), ['join alice', 'sync 1'])
})

test('joining twice gives one room, and joining what is watched makes a member', async () => {
  const world = new World()
  const client = world.client()
  const room = client.watch('room')
  assert.equal(client.watch('room'), room)
  await settle()
  assert.deepEqual(world.socket.sent.filter((m) => m.channel).map((m) => m.type), ['watch'])
  assert.equal(client.join('room', { data: { a: 1 } }), room)
  assert.deepEqual([world.socket.find('join').data, room.joined], [{ a: 1 }, true])
})

test('a refused join ends the room, and a promise and an event say why', async () => {
  const world = new World()
  const client = world.client()
  const room = client.join('room')
  const lines = diary(room)
  await settle()
  world.socket.answer('join', { type: 'error', code: 'forbidden', message: 'no' })
  await assert.rejects(room.ready, { code: 'forbidden', request: 'join', channel: 'room' })
  assert.deepEqual([lines, client.errors, client.room('room')], [['end forbidden'], ['forbidden'], undefined])
})

test('ended by the node: the room is over', async () => {
  const { room, lines, socket } = await joined()
  socket.say({ type: 'ended', channel: 'room', code: 'unauthorized' })
  assert.deepEqual([room.state, room.error.code, lines.at(-1)], ['ended', 'unauthorized', 'end unauthorized'])
})

test('an update offline travels with the next join, and its promise settles then', async () => {
  const { world, room } = await joined()
  world.socket.drop()
  const done = room.update({ typing: true })
  await world.clock.pass(1_000)
  assert.deepEqual(world.socket.find('join').data, { typing: true })
  world.socket.roster('room', 1, ['alice'], { id: world.socket.find('join').id })
  await done
})

test('an update that is lost with its connection is made again', async () => {
  const { world, room } = await joined()
  const done = room.update({ typing: true })
  world.socket.drop()
  await world.clock.pass(1_000)
  world.socket.roster('room', 1, ['alice'], { id: world.socket.find('join').id })
  await done
})

test('a refused update leaves the former data, and does not cost the room', async () => {
  const { world, room, client } = await joined()
  const refused = room.update({ much: true })
  world.socket.answer('update', { type: 'error', code: 'too_large', message: '' })
  await assert.rejects(refused, { code: 'too_large' })
  assert.deepEqual([room.data, room.state, client.errors], [{ name: 'Alice' }, 'live', ['too_large']])
  world.socket.drop()
  room.update({ much: true })
  await world.clock.pass(1_000)
  world.socket.answer('join', { type: 'error', code: 'too_large', message: '' })
  await settle()
  assert.deepEqual([world.socket.find('join').data, room.state], [{ name: 'Alice' }, 'stale'])
})

test('a request beyond the largest frame is refused here', async () => {
  const { room, socket } = await joined()
  await assert.rejects(room.update({ text: 'é'.repeat(9_000) }), { code: 'too_large' })
  assert.equal(socket.find('update'), undefined)
})

test('every promise settles when the room is left or the client closed', async () => {
  for (const end of [(room) => room.leave(), (room, client) => client.close()]) {
    const { room, client } = await joined()
    const waiting = [room.update({ a: 1 }), client.setStatus('busy'), client.setToken(token('x'))]
    const loop = room.changes().next()
    end(room, client)
    await assert.rejects(waiting[0])
    assert.deepEqual(await loop, { value: undefined, done: true })
    client.close()
    await Promise.allSettled(waiting)
  }
})

/** Loops over the changes of a room, one at a time: `next` waits for the one after. */
function reader(room) {
  const seen = []
  let go = () => {}
  const done = (async () => {
    for await (const { action, user } of room.changes()) {
      seen.push(`${action} ${user}`)
      await new Promise((resolve) => (go = resolve))
    }
  })()
  const next = () => {
    go()
    return settle()
  }
  return { seen, done, next }
}

test('for await sees every change, in order, also those that came while it was busy, and ends when the room is left', async () => {
  const { room, socket } = await joined()
  const { seen, done, next } = reader(room)
  await settle()
  socket.say(
    { type: 'diff', channel: 'room', version: 5, count: 4, join: [{ user: 'carol', since: 2 }, { user: 'dave', since: 2 }] },
    { type: 'diff', channel: 'room', version: 6, count: 3, leave: [{ user: 'dave', reason: 'left' }] },
  )
  for (let i = 0; i < 2; i++) await next()
  socket.say({ type: 'diff', channel: 'room', version: 7, count: 3, update: [{ user: 'bob', since: 1, status: 'away' }] })
  for (let i = 0; i < 2; i++) await next()
  socket.say({ type: 'diff', channel: 'room', version: 8, count: 2, leave: [{ user: 'bob', reason: 'left' }] })
  room.leave()
  for (let i = 0; i < 2; i++) await next()
  await done
  assert.deepEqual(seen, ['join carol', 'join dave', 'leave dave', 'update bob', 'leave bob'])
})

test('a loop that falls more than 1,000 changes behind sees differences only', async () => {
  const { room, socket } = await joined()
  const { seen, done, next } = reader(room)
  await settle()
  const diff = (version, change) => socket.say({ type: 'diff', channel: 'room', version, count: 2, ...change })
  diff(5, { join: [{ user: 'carol', since: 2 }] })
  await next()
  for (let i = 0; i < 998; i++) diff(6 + i, { update: [{ user: 'bob', since: 1, data: { i } }] })
  diff(1_004, { join: [{ user: 'dave', since: 2 }, { user: 'eve', since: 2 }] })
  diff(1_005, { update: [{ user: 'dave', since: 2, status: 'busy' }], leave: [{ user: 'carol', reason: 'left' }, { user: 'eve', reason: 'left' }] })
  room.leave()
  for (let i = 0; i < 4; i++) await next()
  await done
  assert.deepEqual(seen, ['join carol', 'leave carol', 'update bob', 'join dave'])
})

test('count mode: how many, and not who', async () => {
  const world = new World()
  const room = world.client().watch('room', { mode: 'count' })
  const counts = []
  room.on('count', (count) => counts.push(count))
  await settle()
  world.socket.say({ type: 'roster', id: world.socket.find('watch').id, channel: 'room', version: 4, count: 71, more: false })
  world.socket.say({ type: 'count', channel: 'room', version: 9, count: 72 })
  assert.deepEqual([counts, room.members.size], [[71, 72], 0])
})

test('a listener that throws, or leaves the room, harms nobody else', async () => {
  const { room, lines, socket } = await joined()
  room.on('join', () => room.leave())
  room.on('join', () => lines.push('second listener'))
  socket.say({ type: 'diff', channel: 'room', version: 5, count: 4, join: [{ user: 'x', since: 1 }, { user: 'y', since: 1 }] })
  assert.deepEqual(lines, ['sync 2', 'join x', 'end left', 'second listener'])
  assert.equal(socket.sent.at(-1).type, 'leave')
})

test('trackPresence tells who is there and who comes and goes, makes no member, and cleans up', async () => {
  const world = new World()
  const client = world.client()
  const seen = []
  const listener = ({ action, username }) => seen.push(`${action} ${username}`)
  client.trackPresence('room', listener)
  client.trackPresence('room', listener)
  await settle()
  assert.equal(world.socket.sent.at(-2).type === 'watch' || world.socket.find('watch') !== undefined, true)
  world.socket.roster('room', 1, ['bob'])
  await settle()
  world.socket.say({ type: 'diff', channel: 'room', version: 2, count: 1, join: [{ user: '__proto__', since: 2 }], leave: [{ user: 'bob', reason: 'left' }] })
  assert.deepEqual(seen, ['join bob', 'join __proto__', 'leave bob'])
  client.untrackPresence('room', listener)
  assert.equal(world.socket.sent.at(-1).type, 'leave')

  const room = client.join('other')
  client.trackPresence('other', listener)
  client.untrackPresence('other')
  assert.equal(room.state, 'joining') // it is the application's
  client.trackPresence('third', listener)
  const third = client.watch('third') // now it is, too
  client.untrackPresence('third', listener)
  assert.equal(third.state, 'joining')
})

test('trackPresence tells of each user once, also of one who comes right behind the roster, and at once where it is known', async () => {
  const { world, client, socket } = await joined([])
  const seen = []
  client.trackPresence('other', ({ action, username }) => seen.push(`${action} ${username}`))
  const bob = { user: 'bob', since: 1 }
  socket.say(
    { type: 'roster', channel: 'other', version: 1, count: 1, members: [{ user: 'alice', since: 1 }], more: false },
    { type: 'diff', channel: 'other', version: 2, count: 2, join: [bob] },
  )
  await settle()
  assert.deepEqual(seen, ['join alice', 'join bob'])
  client.trackPresence('other', ({ username }) => seen.push(`also ${username}`))
  assert.deepEqual(seen.slice(2), ['also alice', 'also bob'])
  world.socket.drop()
  await world.clock.pass(1_000)
  world.socket.roster('other', 1, [bob])
  await settle()
  assert.deepEqual(seen.slice(4), ['leave alice', 'also alice'])
})

test('follow asks once for many, tells changes only, and finds the one that is forbidden', async () => {
  const world = new World()
  const client = world.client()
  await settle()
  const [bob, eve] = ['bob', 'eve'].map((user) => client.follow(user))
  assert.equal(client.follow('bob'), bob)
  const told = []
  bob.on('change', (u) => told.push(u.status))
  eve.on('error', (error) => told.push(error.code))
  await settle()
  assert.deepEqual(world.socket.find('follow').users, ['bob', 'eve'])
  world.socket.answer('follow', { type: 'error', code: 'forbidden', message: '' })
  await settle()
  const [first, second] = world.socket.sent.filter((m) => m.type === 'follow').slice(1)
  world.socket.say({ type: 'users', id: first.id, users: [{ user: 'bob', status: 'online' }] })
  world.socket.say({ type: 'error', id: second.id, code: 'forbidden', message: '' })
  await settle()
  world.socket.say({ type: 'user', user: { user: 'bob', status: 'offline', lastSeen: 7 } })
  assert.deepEqual([told, bob.status, bob.lastSeen], [['online', 'forbidden', 'offline'], 'offline', 7])
  world.socket.drop()
  assert.equal(bob.stale, true)
  await world.clock.pass(1_000)
  assert.deepEqual(world.socket.find('follow').users, ['bob'])
  world.socket.answer('follow', { type: 'users', users: [{ user: 'bob', status: 'offline', lastSeen: 7 }] })
  assert.deepEqual([told.length, bob.stale], [3, false])
  bob.unfollow()
  await settle()
  assert.deepEqual(world.socket.find('unfollow').users, ['bob'])
})
