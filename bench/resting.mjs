// What a process of Node.js has in memory when it is at rest: what nobody uses is given back first, as V8 does by itself some minutes after
// the last work. It is asked for by the inspector, which the process opens when it is sent SIGUSR1.
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';

/** To be in the environment of the process: the inspector takes a port that is free. */
export const inspectable = { NODE_OPTIONS: '--inspect-port=127.0.0.1:0' };

/** `child` was spawned with its standard error piped; the rest of that is passed on. */
export function inspectorOf(child) {
  let found;
  const opened = new Promise((resolve) => {
    found = resolve;
  });
  child.stderr.on('data', (chunk) => {
    const [, url] = /Debugger listening on (ws:\S+)/.exec(String(chunk)) ?? [];
    if (url) found(url);
    else if (!/inspector|[Dd]ebugger/.test(String(chunk))) process.stderr.write(chunk);
  });
  return async () => {
    child.kill('SIGUSR1');
    const inspector = new Inspector(await opened);
    await inspector.collectGarbage();
    inspector.close();
    // Pages are given back by another thread.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return residentBytes(child.pid);
  };
}

/** Asks the process, and each of its threads, which have heaps of their own. */
class Inspector {
  #socket;
  #opened;
  #next = 1;
  #answered = new Map();
  #threads = [];

  constructor(url) {
    this.#socket = new WebSocket(url);
    this.#opened = new Promise((resolve) => this.#socket.once('open', resolve));
    this.#socket.on('message', (text) => this.#hear(JSON.parse(text)));
  }

  #hear({ id, method, params }) {
    this.#answered.get(id)?.();
    if (method === 'NodeWorker.attachedToWorker') this.#threads.push(params.sessionId);
    if (method === 'NodeWorker.receivedMessageFromWorker') this.#hear(JSON.parse(params.message));
  }

  /** Resolves when what the request asks for is done. */
  #ask(send) {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#answered.set(id, resolve);
      send(id);
    });
  }

  #call(method, params) {
    return this.#ask((id) => this.#socket.send(JSON.stringify({ id, method, params })));
  }

  /** What a thread answers has the number of what it was asked, and not of the message that took it there. */
  #callThread(sessionId, method) {
    return this.#ask((id) => {
      const message = JSON.stringify({ id, method });
      return this.#call('NodeWorker.sendMessageToWorker', { sessionId, message });
    });
  }

  async collectGarbage() {
    await this.#opened;
    await this.#call('NodeWorker.enable', { waitForDebuggerOnStart: false });
    const heaps = [
      (method) => this.#call(method),
      ...this.#threads.map((thread) => (method) => this.#callThread(thread, method)),
    ];
    for (const call of heaps) {
      await call('HeapProfiler.enable');
      for (let i = 0; i < 3; i++) await call('HeapProfiler.collectGarbage');
    }
    await this.#call('NodeWorker.disable');
  }

  close() {
    this.#socket.close();
  }
}

/** What a process has in memory: of its own, and of files, which the system takes back when it needs to. */
function residentBytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024;
  return { own: of('RssAnon'), files: of('RssFile') };
}
