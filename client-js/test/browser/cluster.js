/** Real nodes on loopback and a real browser, for tests; all end with the test. */
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const secret = '0123456789abcdef0123456789abcdef'

/** Where Chromium is; undefined: nowhere. */
export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** A token of a user, good for so many seconds. */
export function sign(username, ttl = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ username, exp: Math.floor(Date.now() / 1000) + ttl })}`
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
}

async function freePort() {
  const server = createNetServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A cluster of nodes that give each other up after 2.6 s, and a server of pages. */
export class Cluster {
  static async start(count = 2) {
    const cluster = new Cluster()
    cluster.folder = mkdtempSync(path.join(tmpdir(), 'rollcall-browser-'))
    const program = path.join(cluster.folder, 'rollcall')
    execFileSync('go', ['build', '-o', program, './cmd/rollcall'], { cwd: repository, stdio: 'inherit' })
    await cluster.#servePages()
    const addresses = []
    for (let i = 0; i < count; i++) addresses.push({ listen: await freePort(), admin: await freePort(), gossip: await freePort() })
    const on = (port) => `127.0.0.1:${port}`
    cluster.nodes = addresses.map(({ listen, admin, gossip }, i) => {
      const child = spawn(program, [
        'serve', '--name', `node-${i + 1}`, '--jwt-secret', secret, '--interval', '2s', '--timeout', '2600ms',
        '--listen', on(listen), '--admin', on(admin), '--gossip', on(gossip), '--origins', '*', '--drain', '2s', '--jwt-leeway', '0s',
        ...addresses.filter((_, j) => j !== i).flatMap((other) => ['--join', on(other.gossip)]),
      ], { stdio: 'ignore' })
      return { child, url: `ws://127.0.0.1:${listen}/v1/connect`, http: `http://127.0.0.1:${listen}` }
    })
    for (const { http } of cluster.nodes) {
      const ready = () => fetch(`${http}/readyz`).then((answer) => answer.ok, () => false)
      const began = Date.now()
      while (!(await ready())) if (Date.now() - began > 20_000) throw new Error(`${http} is not ready`)
    }
    cluster.browser = await chromium.launch({
      executablePath: browserPath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    })
    cluster.context = await cluster.browser.newContext()
    return cluster
  }

  /** Pages: /plain loads the script of the node, /module the module, both under a strict policy. */
  async #servePages() {
    const dist = (file) => readFileSync(new URL(`../../dist/${file}`, import.meta.url))
    this.server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url, 'http://page')
      if (pathname === '/rollcall.js') return response.setHeader('Content-Type', 'text/javascript').end(dist('rollcall.js'))
      if (pathname === '/token') return response.end(sign(searchParams.get('user'), Number(searchParams.get('ttl') ?? 3600)))
      if (pathname === '/global.js') return response.setHeader('Content-Type', 'text/javascript').end("import { Rollcall } from '/rollcall.js'\nglobalThis.Rollcall = Rollcall")
      const [{ http }] = this.nodes
      const script = pathname === '/plain' ? `<script src="${http}/client.js"></script>` : '<script type="module" src="/global.js"></script>'
      response.setHeader('Content-Type', 'text/html')
      response.setHeader('Content-Security-Policy', `default-src 'none'; script-src 'self' ${http}; connect-src 'self' ${this.nodes.map(({ url }) => new URL(url).origin.replace('http', 'ws')).join(' ')}`)
      response.end(`<!doctype html><title>${pathname}</title>${script}`)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => this.server.once('listening', resolve))
    this.pages = `http://127.0.0.1:${this.server.address().port}`
  }

  /** Opens a page in which a user is in the room; what happens there is in `log`. */
  async join(user, { path = '/module', page, urls = this.nodes.map(({ url }) => url), ttl = 3600 } = {}) {
    page ??= await this.context.newPage()
    await page.goto(this.pages + path)
    await enter(page, { user, urls, ttl })
    return page
  }

  async stop() {
    await this.browser?.close()
    for (const { child } of this.nodes ?? []) child.kill('SIGKILL')
    this.server?.close()
    this.server?.closeAllConnections()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Joins the room in a page that is loaded. */
export async function enter(page, { user, urls, ttl = 3600 }) {
  await page.waitForFunction(() => globalThis.Rollcall !== undefined)
  await page.evaluate(([user, urls, ttl]) => {
    const log = (globalThis.log = [])
    const token = async () => {
      log.push('token')
      return (await fetch(`/token?user=${encodeURIComponent(user)}&ttl=${ttl}`)).text()
    }
    const rollcall = (globalThis.rollcall = new globalThis.Rollcall(urls, { token }))
    const room = (globalThis.room = rollcall.join('room'))
    room.on('join', (m) => log.push(`join ${m.user}`))
    room.on('update', (m) => log.push(`update ${m.user} ${m.status ?? 'online'}`))
    room.on('leave', (m, reason) => log.push(`leave ${m.user} ${reason}`))
    room.on('stale', () => log.push('stale'))
    room.on('sync', (members) => log.push(`sync ${[...members.keys()].sort().join(' ')}`))
    return room.ready
  }, [user, urls, ttl])
}

/** What happened in the room of a page, less what is named. */
export async function told(page, ...less) {
  const log = await page.evaluate(() => globalThis.log)
  return log.filter((line) => !less.includes(line.split(' ')[0]))
}

/** Waits until a page has told that. */
export const tells = (page, line, timeout = 10_000) =>
  page.waitForFunction((line) => globalThis.log.includes(line), line, { timeout, polling: 50 })
