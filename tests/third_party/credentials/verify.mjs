// Verifies a credential (vc+jwt) by npm's jose, and reads its bits by @digitalbazaar/vc-bitstring-status-list. Takes a JSON
// object on standard input: `certificate`, `lists` (each as signed) and `keys`, the issuer's JWK set. Prints what it finds.
import { readFileSync } from "node:fs";
import { compactVerify, createLocalJWKSet } from "jose";
import { BitstringStatusList } from "@digitalbazaar/vc-bitstring-status-list";

const { certificate, lists, keys } = JSON.parse(readFileSync(0, "utf8"));
const keySet = createLocalJWKSet(keys);
const open = async (text) => {
  const { payload, protectedHeader } = await compactVerify(text, keySet, { algorithms: ["EdDSA", "Ed25519"] });
  if (protectedHeader.typ !== "vc+jwt") throw new Error(`typ ${protectedHeader.typ}`);
  return JSON.parse(new TextDecoder().decode(payload));
};
const credential = await open(certificate);
const bits = {};
for (const text of lists) {
  const { id, credentialSubject } = await open(text);
  const list = await BitstringStatusList.decode({ encodedList: credentialSubject.encodedList });
  for (const status of credential.credentialStatus) {
    if (status.statusListCredential === id && status.statusPurpose === credentialSubject.statusPurpose) {
      bits[status.statusPurpose] = list.getStatus(Number(status.statusListIndex));
    }
  }
}
console.log(JSON.stringify({ subject: credential.credentialSubject, bits }));
