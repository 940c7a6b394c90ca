/** Real nodes on loopback, for tests; all end with them. */
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const secret = '0123456789abcdef0123456789abcdef'

/** A token with these claims, good for an hour if they do not say otherwise. */
export function sign(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600, ...claims })}`
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
}

/** Builds rollcall in a folder, and returns where it is. */
export function buildProgram(folder) {
  const program = path.join(folder, 'rollcall')
  execFileSync('go', ['build', '-o', program, './cmd/rollcall'], { cwd: repository, stdio: 'inherit' })
  return program
}

/** The nodes of one cluster, in the order of their start. */
export class Nodes {
  nodes = []
  #children = []
  #folder = mkdtempSync(path.join(tmpdir(), 'rollcall-nodes-'))
  #program
  #flags

  /** Starts so many nodes with these flags. */
  static async start(count, flags) {
    const cluster = new this()
    cluster.#flags = flags
    try {
      cluster.#program = buildProgram(cluster.#folder)
      for (let i = 0; i < count; i++) cluster.nodes.push(await cluster.add())
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  /** Starts one more node, which is ready when this is done; `stopped` resolves with its exit code, `log` are the lines it logs. */
  async add() {
    const name = `node-${this.#children.length + 1}`
    const [first] = this.nodes
    const child = spawn(this.#program, [
      'serve', `--name=${name}`, `--jwt-secret=${secret}`, ...this.#flags, '--log-format=json',
      '--listen=127.0.0.1:0', '--admin=127.0.0.1:0', '--gossip=127.0.0.1:0', ...(first ? [`--join=${first.gossip}`] : []),
    ], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    const stopped = new Promise((resolve) => child.once('exit', resolve))
    const log = []
    const up = new Promise((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        log.push(line)
        const said = JSON.parse(line)
        if (said.msg === 'node is up') resolve(said)
      })
    })
    const said = await Promise.race([up, stopped])
    if (!said?.listen) throw new Error(`${name} ended: ${log.join('\n')}`)
    const http = `http://${said.listen}`
    while (!(await fetch(`${http}/readyz`)).ok); // the node itself waits a timeout at most
    return { name, child, stopped, log, http, url: `ws://${said.listen}/v1/connect`, admin: `http://${said.admin}`, gossip: said.gossip }
  }

  async stop() {
    for (const child of this.#children) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
