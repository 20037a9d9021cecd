/** Whether a request would create an ephemeral node for its session: create, create2, or a multi. */
import { OpCode } from '../jute/proto.ts';
import type { JuteReader } from '../jute/reader.ts';
import { isEphemeralCreate } from './create.ts';
import { MultiScan } from './multi.ts';
import { subOpOf } from './op-table.ts';

const scan = new MultiScan();

/** `request` stands at the body. Throws `JuteError`. */
export function createsEphemeral(type: number, request: JuteReader): boolean {
  if (type !== OpCode.multi) return isEphemeralCreate(request);
  scan.read(request, subOpOf);
  for (let i = 0; i < scan.count; i++) {
    const sub = scan.types[i];
    if (sub !== OpCode.create && sub !== OpCode.create2) continue;
    request.offset = scan.offsets[i] as number;
    if (isEphemeralCreate(request)) return true;
  }
  return false;
}
