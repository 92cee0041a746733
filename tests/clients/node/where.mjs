// The server that with_server.py started, and how large a test may be.

export const host = process.env.TARN_HOST;
export const port = Number(process.env.TARN_PORT);
export const unixSocket = process.env.TARN_SOCKET;
export const small = process.env.TARN_TEST_SCALE === 'small';

export const everyByte = Buffer.from(Array.from({length: 256}, (_, i) => i));

// Waits until the condition, an async function, holds.
export async function eventually(condition, timeoutMs = 30000) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
