// Starts a public SQS emulator on loopback. Usage: node server.mjs [PORT]
// Prints one line of JSON once it serves: {"url": "..."}. Ends with its standard input.
import { startFauxqs } from "fauxqs";

const port = Number(process.argv[2] ?? 0);
const server = await startFauxqs({ port, host: "127.0.0.1", logger: false });
console.log(JSON.stringify({ url: `http://127.0.0.1:${server.port}` }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
