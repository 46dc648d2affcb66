import { expect, it } from '@jest/globals';
import { writeSync } from 'node:fs';
import { OutputPipe } from './output-pipe.ts';

const PRINTED_BYTES = 32_768;
const GIVE_UP_BYTES = 16 * 1024 * 1024;

it('does not read on for as long as somebody prints', () => {
  let readBytes = 0;
  const pipe = new OutputPipe((piece) => {
    readBytes += piece.length;
    if (readBytes > GIVE_UP_BYTES) throw new Error('it goes on for ever');
    writeSync(pipe.writeEnd, piece); // Whoever prints is as fast as whoever reads.
  });
  writeSync(pipe.writeEnd, Buffer.alloc(PRINTED_BYTES));
  pipe.drain();
  expect(readBytes).toBeGreaterThanOrEqual(PRINTED_BYTES);
  expect(readBytes).toBeLessThanOrEqual(1024 * 1024 + PRINTED_BYTES);
  pipe.close();
});
