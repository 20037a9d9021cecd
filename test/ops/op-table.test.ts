import { describe, expect, it } from 'vitest';
import { OpCode } from '../../src/jute/proto.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import { asksForWatch, clientOpRow, opRow } from '../../src/ops/op-table.ts';

describe('the table of operations', () => {
  it('has a row for each op code but the two that are no requests', () => {
    for (const [name, code] of Object.entries(OpCode)) {
      const row = opRow(code);
      if (code === OpCode.notification || code === OpCode.error) expect(row).toBeUndefined();
      else expect([name, row?.name, row?.code]).toEqual([name, name, code]);
    }
    for (const code of [-12, -2, 10, 23, 99, 108, 1 << 30]) expect(opRow(code)).toBeUndefined();
  });

  it('names each operation as the word cons does', () => {
    const words = (...codes: number[]) => codes.map((code) => opRow(code)?.word);
    expect(words(1, 15, 19, 21)).toEqual(['CREA', 'CREA', 'CREA', 'CREA']);
    expect(words(2, 3, 4, 5, 6, 7)).toEqual(['DELE', 'EXIS', 'GETD', 'SETD', 'GETA', 'SETA']);
    expect(words(8, 12, 104, 103)).toEqual(['GETC', 'GETC', 'GETACN', 'GETE']);
    expect(words(9, 11, 13, 14, 16, 22)).toEqual(['SYNC', 'PING', 'CHEC', 'MULT', 'RECO', 'MLTR']);
    expect(words(101, 105, 106, 17, 18)).toEqual(['SETW', 'STW2', 'ADDW', 'CHKW', 'REMW']);
    expect(words(-10, -11, 107)).toEqual(['SESS', 'CLOS', 'HOMI']);
  });

  it('lets clients ask for everything but what is internal', () => {
    const refused = [OpCode.check, OpCode.deleteContainer, OpCode.createSession, 0, -1, 10];
    expect(refused.map(clientOpRow)).toEqual(refused.map(() => null));
    expect(clientOpRow(OpCode.multi)?.name).toBe('multi');
  });

  it('lets the front answer the six plain reads', () => {
    const fast = Object.values(OpCode).filter((code) => {
      const row = opRow(code);
      return row?.kind === 'read' && row.fast;
    });
    const { exists, getData, getACL, getChildren, getChildren2, getAllChildrenNumber } = OpCode;
    expect(new Set(fast)).toEqual(
      new Set([exists, getData, getACL, getChildren, getChildren2, getAllChildrenNumber]),
    );
  });

  it('knows where the watch flag of a request stands', () => {
    const asks = (type: number, path: string | null, watch: number, cut = 0) => {
      const writer = new JuteWriter();
      writer.writeInt(7);
      writer.writeInt(type);
      writer.writeString(path);
      writer.writeByte(watch);
      return asksForWatch(type, writer.view, 0, writer.offset - cut);
    };
    for (const type of [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2]) {
      expect(asks(type, '/a', 1)).toBe(true);
      expect(asks(type, '/a', 0x80)).toBe(true);
      expect(asks(type, '/a', 0)).toBe(false);
      expect(asks(type, null, 1)).toBe(true);
      expect(asks(type, '', 1, 1)).toBe(false);
      expect(asks(type, '/a', 1, 5)).toBe(false);
    }
    expect(asks(OpCode.getACL, '/a', 1)).toBe(false);
    expect(asks(99, '/a', 1)).toBe(false);
  });
});
