/** The live page of a node, as operators use it: by its texts, and by the names of what can be pressed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { Nodes, sign } from '../nodes/nodes.js'
import { browserPath, launchBrowser } from './cluster.js'

const here = { skip: browserPath ? false : 'no Chromium here', timeout: 180_000 }

/** How long to wait for what has to happen, milliseconds: it ends a test that hangs. */
const patience = 60_000
const key = 'the-key-of-operators'

let nodes, browser
const sockets = []
const complaints = []

before(async () => {
  if (!browserPath) return
  nodes = await Nodes.start(2, [`--admin-key=${key}`, '--interval=5s', '--allow-anonymous'])
  browser = await launchBrowser()
}, { timeout: 180_000 })

after(async () => {
  for (const socket of sockets) socket.close()
  await browser?.close()
  await nodes?.stop()
})

/** Has somebody join a channel at a node, over a socket of her own that answers pings. */
async function come(node, username, channel) {
  const socket = new WebSocket(node.url)
  sockets.push(socket)
  await new Promise((resolve, reject) => {
    socket.onerror = reject
    socket.onopen = () => socket.send(`{"type":"hello","token":"${sign({ username })}"}\n{"type":"join","id":1,"channel":${JSON.stringify(channel)}}`)
    socket.onmessage = ({ data }) => {
      if (data.includes('"type":"ping"')) socket.send('{"type":"pong"}')
      if (data.includes('"type":"roster"')) resolve()
    }
  })
  return socket
}

/** Opens the page of a node; with its key if wanted. */
async function open({ node = nodes.nodes[0], hash = '', unlock = true, ...options } = {}) {
  const page = await (await browser.newContext(options)).newPage()
  page.setDefaultTimeout(patience)
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && !/401/.test(message.text()) && complaints.push(message.text()))
  await page.goto(`${node.admin}/${hash}`)
  await page.getByLabel('Key', { exact: true }).waitFor()
  if (unlock) await use(page, key)
  return page
}

async function use(page, text) {
  await page.getByLabel('Key', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Use it' }).click()
  if (text === key) await page.getByRole('heading', { name: 'Nodes' }).waitFor()
}

const node = (page, name) => page.getByRole('listitem', { name, exact: true })

test('without the key the page shows nothing, and with it all', here, async () => {
  const page = await open({ unlock: false })
  assert.equal(await page.locator('main').isVisible(), false)
  await use(page, 'a wrong one')
  await page.getByRole('alert').getByText('does not take this key').waitFor()
  assert.equal(await page.locator('main').isVisible(), false)
  await use(page, key)
  await node(page, 'node-1').getByText('here, it answers this page').waitFor()
  assert.deepEqual(await page.evaluate(() => [document.cookie, localStorage.length, location.search]), ['', 0, ''])
  await page.reload() // this tab knows it
  await node(page, 'node-2').waitFor()
  await page.getByRole('button', { name: 'Forget the key' }).click()
  await page.getByLabel('Key', { exact: true }).waitFor()
  assert.equal(await page.locator('main').isVisible(), false)
  assert.equal(await page.evaluate(() => sessionStorage.length), 0)
  await page.context().close()
})

test('it shows nodes as this one sees them and as each says, people, and the largest channels', here, async () => {
  const [first, second] = nodes.nodes
  await come(first, 'alice', 'lobby')
  await come(second, 'bob', 'lobby')
  await come(second, 'bob', 'room <b>1</b>')
  const page = await open()
  for (const [one, other] of [['node-1', 'node-2'], ['node-2', 'node-1']]) await node(page, one).getByText(`${other} here`).waitFor()
  await page.getByText('All 2 see each other.').waitFor()
  await page.getByRole('heading', { name: '2 people connected' }).waitFor()
  const channels = page.getByRole('list', { name: 'Largest channels' }).getByRole('listitem')
  await channels.nth(1).waitFor()
  assert.deepEqual(await channels.locator('.name').allTextContents(), ['lobby', 'room <b>1</b>'])
  await channels.first().getByText('2 people').waitFor()
  await page.getByText(/joins and [\d.]+ leaves a second/).waitFor()
  await page.context().close()
})

test('it says why somebody is online, what would end that, and when she is gone', here, async () => {
  const page = await open({ hash: '#carol' })
  await page.getByText('carol is offline: no node holds a session of hers.').waitFor()
  const socket = await come(nodes.nodes[1], 'carol', 'lobby')
  await page.getByText(/^carol is online: 1 session on node-2\. If nothing more came from her, she would leave/).waitFor() // it is asked again by itself
  const session = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem').filter({ hasText: 'on node-2' }).first()
  await session.getByText(/^Last frame \d+ s ago/).waitFor()
  await session.getByText(/unless its token is renewed: in \d+ (min|h)/).waitFor()
  await session.getByText(/if its socket stays silent: in \d+ s/).waitFor()
  socket.send('{"type":"bye"}')
  await page.getByText(/^carol is offline: .* She was last seen/).waitFor()

  await page.getByLabel('User').fill('<img src=x onerror=alert(1)>')
  await page.keyboard.press('Enter')
  await page.getByText('<img src=x onerror=alert(1)> is offline').waitFor()
  assert.equal(await page.locator('main img').count(), 0)
  await page.getByLabel('User').fill('a\u0001b')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText(/^Not answered: user .*control character/).waitFor()
  await page.context().close()
})

test('a node that is killed is late, then gone; one that does not answer is said not to', here, async () => {
  const third = await nodes.add()
  const page = await open()
  await node(page, 'node-3').getByText('node-1 here').waitFor()
  third.child.kill('SIGKILL')
  await node(page, 'node-3').getByText(/^gone, since/).waitFor()
  const dark = await open({ node: nodes.nodes[1], colorScheme: 'dark', viewport: { width: 320, height: 700 } })
  await node(dark, 'node-1').getByText('node-2 here').waitFor()
  for (const width of [320, 390, 1280]) {
    await dark.setViewportSize({ width, height: 700 })
    assert.equal(await dark.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `it has to be scrolled sideways at ${width}`)
  }
  await dark.context().close()
  nodes.nodes[0].child.kill('SIGKILL')
  await page.getByText('This node does not answer. What is shown is what it said last.').waitFor()
  assert.deepEqual(complaints.filter((text) => !/ERR_CONNECTION|Failed to load|ERR_EMPTY/.test(text)), [])
})

test('a screen reader is told what there is', here, async () => {
  const page = await open({ node: nodes.nodes[1] })
  await node(page, 'node-2').waitFor()
  const tree = await page.locator('body').ariaSnapshot()
  for (const part of ['- heading "Rollcall" [level=1]', '- heading "Why is somebody online?" [level=2]', '- textbox "User"', '- button "Ask"', '- heading "Nodes" [level=2]',
    '- listitem "node-2"', '- heading "Largest channels" [level=2]', 'img "', '- button "Forget the key"']) assert.ok(tree.includes(part), `${part} is not in\n${tree}`)
  await page.reload() // nothing has the focus
  await node(page, 'node-2').waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to why somebody is online')
  await page.context().close()
})
