import type { ClientRequest } from 'node:http';

/**
 * Tells of a server that switches protocols though nobody has asked it to, and hangs up on it. Without somebody who listens Node hangs up
 * as well, but says nothing: no error, no answer, and no end of the request.
 */
export function onSwitch(request: ClientRequest, fail: (error: Error) => void): void {
  request.on('upgrade', ({ headers: { upgrade = '' } }, socket) => {
    socket.destroy();
    fail(new Error(`backend tried to switch protocol ${JSON.stringify(upgrade)} when "" was requested`));
  });
}
