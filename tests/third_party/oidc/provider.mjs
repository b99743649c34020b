// An identity provider for tests: `node provider.mjs PORT CALLBACK`. Who signs in is the login name, without a password.
// The person `number:330106...` has that national number; every other has none.
import Provider from 'oidc-provider';

const [port, callback] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const configuration = {
  clients: [
    { client_id: 'exchange', client_secret: 'a-secret', redirect_uris: [callback], subject_type: 'pairwise' },
    { client_id: 'other', client_secret: 'b-secret', redirect_uris: [callback] },
  ],
  subjectTypes: ['public', 'pairwise'],
  pairwiseIdentifier: (_ctx, account, client) => `${client.clientId}/${account}`,
  claims: { openid: ['sub', 'id_number', 'birthdate'], acr: null },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, ...(id.startsWith('number:') ? { id_number: id.slice(7), birthdate: '1990-03-07' } : {}) }),
  }),
  cookies: { keys: ['only for tests'] },
};
const provider = new Provider(issuer, configuration);
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
