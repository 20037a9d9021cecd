/**
 * setData, and reconfig, which is a setData of the configuration node. A standalone server has no
 * configuration to change.
 */
import { ErrorCode } from '../base/error-codes.ts';
import { Perms } from '../jute/data.ts';
import { isStatsPath, parseQuota } from '../tree/quota.ts';
import { checkQuota, permits } from './access.ts';
import type { PrepareOp } from './contexts.ts';
import { isValidPath, skipPath } from './path.ts';

export const prepareSetData: PrepareOp = (context, request, txn) => {
  const length = skipPath(request);
  const { bytes, offset: end } = request;
  const start = end - length;
  const dataLength = request.readLength();
  const dataStart = request.skip(Math.max(dataLength, 0));
  const version = request.readInt();
  let error = context.sessionError();
  if (error !== ErrorCode.ok) return error;
  if (length < 0 || !isValidPath(bytes, start, end)) return ErrorCode.badArguments;
  const { pending, node } = context;
  if (!pending.read(bytes, start, end, node)) return ErrorCode.noNode;
  if (!permits(context, node, Perms.write)) return ErrorCode.noAuth;
  const bytesMore = Math.max(dataLength, 0) - Math.max(node.dataLength, 0);
  if (bytesMore > 0 && !context.hasRoomFor(bytesMore)) return ErrorCode.quotaExceeded;
  error = checkQuota(context, bytes, start, end, 0, bytesMore);
  if (error !== ErrorCode.ok) return error;
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion;
  if (isStatsPath(bytes, start, end) && !isQuotaText(bytes, dataStart, dataLength)) {
    return ErrorCode.badArguments;
  }
  node.version = (node.version + 1) | 0;
  node.mzxidHi = context.zxidHi;
  node.mzxidLo = context.zxidLo;
  node.mtimeHi = context.timeHi;
  node.mtimeLo = context.timeLo;
  node.setData(bytes, dataStart, dataLength);
  pending.put(bytes, start, end, node);
  txn.writeBuffer(bytes, start, end);
  txn.writeBuffer(dataLength < 0 ? null : bytes, dataStart, dataStart + dataLength);
  txn.writeInt(node.version);
  return ErrorCode.ok;
};

/** Other text in a usage node stops Apache servers when the next txn is applied (hazard H9). */
function isQuotaText(bytes: Uint8Array, start: number, length: number): boolean {
  return length >= 0 && parseQuota(bytes, start, start + length) !== null;
}

export const prepareReconfig: PrepareOp = (context, request) => {
  skipPath(request);
  skipPath(request);
  skipPath(request);
  request.skip(8);
  if (!context.settings.reconfigEnabled) return ErrorCode.reconfigDisabled;
  const error = context.sessionError();
  return error !== ErrorCode.ok ? error : ErrorCode.unimplemented;
};
