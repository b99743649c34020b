// Verifies an SD-JWT by npm's @sd-jwt/core: the text from standard input, with an Ed25519 key (JWK, base64url) from the
// first argument. Prints the claims, or fails.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { SDJwtInstance } from "@sd-jwt/core";

const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: process.argv[2] }, format: "jwk" });
const instance = new SDJwtInstance({
  hasher: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  hashAlg: "sha-256",
  verifier: (data, signature) => verify(null, Buffer.from(data), key, Buffer.from(signature, "base64url")),
});
const { payload, header } = await instance.verify(readFileSync(0, "utf8").trim());
console.log(JSON.stringify({ payload, header }));
