/** Txns that are framed, summed up and laid into the log, without the disk. */
import { zxidOf } from '../../../src/base/zxid.ts';
import { adler32 } from '../../../src/storage/adler32.ts';
import { TxnLogWriter } from '../../../src/storage/txn-log-writer.ts';
import type { Subject } from '../subject.ts';
import { MemoryDisk, memoryDirectory } from './memory-disk.ts';

const txns = 256;
const txnBytes = 180;
const preallocBytes = 1 << 20;
const textBytes = 4096;
const adlerBase = 65521;

export const txnLog: Subject = {
  name: 'storage/txn-log-writer',
  prepare: () => {
    const payload = new Uint8Array(txnBytes).fill(9);
    const writer = new TxnLogWriter({
      disk: new MemoryDisk(),
      directory: memoryDirectory,
      lastZxid: zxidOf(0, 0),
      preallocBytes,
    });
    let zxid = 0;
    return [
      {
        name: `batch of ${txns} txns of ${txnBytes} B`,
        operations: txns,
        run() {
          for (let i = 0; i < txns; i++) writer.append(payload, 0, txnBytes, 0, ++zxid);
          writer.flush();
          if (writer.fileBytes > preallocBytes) writer.roll();
          return writer.syncedLo;
        },
      },
    ];
  },
};

export const adler: Subject = {
  name: 'storage/adler32',
  prepare: () => {
    const text = Uint8Array.from({ length: textBytes }, (_, i) => i * 7);
    return [
      {
        name: `bytes in pieces of ${textBytes}`,
        operations: textBytes,
        run: () => adler32(text, 0, textBytes) >>> 0,
        reference() {
          let [low, high] = [1, 0];
          for (const byte of text) {
            low = (low + byte) % adlerBase;
            high = (high + low) % adlerBase;
          }
          return ((high << 16) | low) >>> 0;
        },
      },
    ];
  },
};
