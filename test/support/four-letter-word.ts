/**
 * Asks a server one four-letter word. One connection a word, as the protocol has it; the text is
 * returned as it came.
 */
import { connect } from 'node:net';

/** Rejects when nobody listens or the answer takes longer than `timeoutMs`. */
export function askFourLetterWord(
  port: number,
  word: string,
  timeoutMs = 2000,
  host = '127.0.0.1',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host });
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer to ${word}`)));
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
}
