import cliProgress from 'cli-progress';
import type { Terminal } from '../terminal.ts';
import type { PlannedFile } from './upload-plan.ts';

const MIB = 1024 * 1024;

export interface UploadProgress {
  show(file: PlannedFile, sentBytes: number): void;
  end(): void;
}

/** A bar over all files where a person watches, nothing elsewhere: there each file gets its line. */
export function createUploadProgress(
  { isInteractive, stderr }: Pick<Terminal, 'isInteractive' | 'stderr'>,
  files: readonly PlannedFile[],
): UploadProgress {
  if (!isInteractive) return { show: () => {}, end: () => {} };
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sent = new Map<string, number>();
  const bar = new cliProgress.SingleBar({
    stream: stderr,
    format: 'uploading [{bar}] {percentage}% of {size} | {eta_formatted} left',
    barsize: 24,
    hideCursor: true,
    gracefulExit: false,
    clearOnComplete: true,
  });
  bar.start(total, 0, { size: sizeText(total) });
  return {
    show({ file }, sentBytes) {
      sent.set(file, sentBytes);
      bar.update([...sent.values()].reduce((sum, bytes) => sum + bytes, 0));
    },
    end: () => bar.stop(),
  };
}

/** `812 bytes`, `1.2 MiB`. */
export const sizeText = (sizeBytes: number): string =>
  sizeBytes < MIB / 10
    ? `${sizeBytes} ${sizeBytes === 1 ? 'byte' : 'bytes'}`
    : `${(sizeBytes / MIB).toFixed(1)} MiB`;
