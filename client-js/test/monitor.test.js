import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { document, page } from './page.js'
import { settle, World } from './fake.js'

let world, client
beforeEach(async () => {
  world = new World()
  client = world.client()
  await settle()
})
afterEach(() => client.close())

const act = (name, more = {}) => page.dispatchEvent(Object.assign(new Event(name), more))
const states = () => world.socket.sent.filter((m) => m.type === 'state').map((m) => `${m.state} ${m.idle}`)

test('idle after the threshold, active at the next action, each reported once and at once', async () => {
  const events = []
  client.monitor.on('idle', () => events.push('idle'))
  client.monitor.on('active', () => events.push('active'))
  client.monitor.start({ threshold: 5_000 })
  await world.clock.pass(10_000)
  act('keydown')
  act('keydown')
  assert.deepEqual([states(), events], [['away 5000', 'online 0'], ['idle', 'active']])
  assert.equal(client.monitor.isMonitoring, true)
})

test('a threshold of 0 makes nobody idle', async () => {
  client.monitor.start({ threshold: 0 })
  await world.clock.pass(3_600_000)
  assert.deepEqual([client.monitor.isIdle, states()], [false, []])
})

test('a window without the focus is idle from the start if blur counts, and only then', () => {
  document.focused = false
  try {
    client.monitor.start()
    assert.equal(client.monitor.isIdle, false)
    client.monitor.start({ idleOnBlur: true })
    act('keydown')
    assert.equal(client.monitor.isIdle, true)
  } finally {
    document.focused = true
  }
  client.monitor.start({ idleOnBlur: true })
  assert.equal(client.monitor.isIdle, false)
})

test('whatever people do is an action, or what the application says it is', () => {
  client.monitor.start()
  for (const name of ['mousemove', 'mousedown', 'keydown', 'wheel', 'touchstart', 'pointerdown', 'scroll', 'visibilitychange']) {
    client.setAway()
    act(name, { screenX: 1, screenY: 1 })
    assert.equal(client.monitor.isIdle, false, name)
  }
  client.monitor.start({ inputs: ['keyup'] })
  client.setAway()
  act('keydown')
  assert.equal(client.monitor.isIdle, true)
  act('keyup')
  assert.equal(client.monitor.isIdle, false)
})

test('a mouse that lies still while the page moves under it is no action', async () => {
  client.monitor.start({ threshold: 5_000 })
  act('mousemove', { screenX: 1, screenY: 1 })
  await world.clock.pass(4_000)
  act('mousemove', { screenX: 1, screenY: 1 })
  await world.clock.pass(2_000)
  assert.equal(client.monitor.isIdle, true)
  act('mousemove', { screenX: 1, screenY: 2 })
  assert.equal(client.monitor.isIdle, false)
})

test('idle time is carried over to the next connection', async () => {
  client.monitor.start({ threshold: 5_000 })
  await world.clock.pass(10_000)
  world.socket.drop()
  await world.clock.pass(1_000)
  const { state, idle } = world.socket.find('hello')
  assert.equal(state, 'away')
  assert.ok(idle >= 10_000 && idle <= 11_000, `${idle}`)
})

test('setAway and setOnline work without a monitor, and ping counts as an action', async () => {
  client.setAway()
  client.setAway()
  client.setOnline()
  client.monitor.start({ threshold: 5_000 })
  await world.clock.pass(4_000)
  client.monitor.ping()
  await world.clock.pass(4_000)
  assert.equal(client.monitor.isIdle, false)
  assert.deepEqual(states(), ['away 0', 'online 0'])
})

test('stopped, it hears nothing more', async () => {
  client.monitor.start({ threshold: 5_000 })
  client.monitor.stop()
  await world.clock.pass(60_000)
  assert.deepEqual([states(), client.monitor.isMonitoring], [[], false])
})

test('Cordova: in the background nobody is there if blur counts', async () => {
  client.monitor.start({ threshold: 5_000, idleOnBlur: true })
  document.dispatchEvent(new Event('pause'))
  assert.equal(client.monitor.isIdle, true)
  act('keydown')
  assert.equal(client.monitor.isIdle, true)
  document.dispatchEvent(new Event('resume'))
  assert.equal(client.monitor.isIdle, false)
})

test('a tab in which somebody works keeps the others from being idle', async () => {
  client.monitor.start({ threshold: 5_000 })
  await world.clock.pass(10_000)
  assert.equal(client.monitor.isIdle, true)
  const other = new BroadcastChannel('rollcall:activity')
  const active = new Promise((resolve) => client.monitor.on('active', resolve))
  other.postMessage(0)
  await active
  other.close()
  assert.deepEqual(states(), ['away 5000', 'online 0'])
})

test('a browser that resumes a frozen page has seen nobody', async () => {
  client.monitor.start({ threshold: 5_000 })
  await world.clock.pass(10_000)
  document.dispatchEvent(new Event('resume'))
  assert.equal(client.monitor.isIdle, true)
})
