import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/* Compares a job's result.json with the files that were uploaded: node check.mjs RESULT_JSON INPUT_DIR */

const [resultFile, folder] = process.argv.slice(2);
const found = JSON.parse(readFileSync(resultFile, 'utf8'));

// All of them are PNG, whose size is in bytes 16 to 23.
const expected = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.png'))
  .map((file) => {
    const bytes = readFileSync(join(folder, file));
    return `${file} ${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`;
  });

const missing = expected.filter(
  (line) =>
    !found.some(({ path, width, height }) => `${path} ${width} x ${height}`.endsWith(`/${line}`)),
);
const isRight = expected.length > 0 && missing.length === 0 && found.length === expected.length;
console.log(
  `${isRight ? 'right' : 'WRONG'}: ${expected.length} PNG files were uploaded, ${found.length} were measured`,
);
for (const line of missing) console.log(`not found: ${line}`);
process.exitCode = isRight ? 0 : 1;
