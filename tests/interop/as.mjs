// An authorization server that others wrote (npm oidc-provider), set up for the interop tests.
//
//   node as.mjs    environment: PORT (a free one without), ROTATE=0|1, AT_TTL, DC_TTL, DPOP_NONCE=1, PAR=1, JAR=1, ALGS=1,
//                  TLS=1 (files ca.pem, server.pem, server.key), CLIENT_KEYS (public keys by client, JSON)
//
// Addresses besides the server's own: GET /_lose?n=K (the next K token answers are computed and never sent)
// and GET /_count (what came to the token endpoint with a refresh token, and what became of it).
// The server prints its port when it is ready, and keeps everything in memory. install.sh puts the packages where this file looks for them.
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const packages = new URL('../../.interop/node_modules/', import.meta.url);
const { Provider } = await import(new URL('oidc-provider/lib/index.js', packages));

const env = process.env;
const tls = env.TLS === '1';
const server = tls
  ? https.createServer({
    key: fs.readFileSync('server.key'), cert: fs.readFileSync('server.pem'), ca: fs.readFileSync('ca.pem'),
    requestCert: true, rejectUnauthorized: false,
  })
  : http.createServer();
await new Promise((listening) => { server.listen(Number(env.PORT || 0), '127.0.0.1', listening); });
const { port } = server.address();
const issuer = `${tls ? 'https' : 'http'}://localhost:${port}`;

const key = (alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid: `sig-${alg}`, alg, use: 'sig',
});
const keys = [key('RS256', 'rsa', { modulusLength: 2048 }), key('ES256', 'ec', { namedCurve: 'P-256' })];

// With ALGS=1 there is an application for each algorithm of ID tokens.
const algs = {
  RS384: ['rsa', { modulusLength: 2048 }], RS512: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }], PS384: ['rsa', { modulusLength: 2048 }],
  PS512: ['rsa', { modulusLength: 3072 }], ES384: ['ec', { namedCurve: 'P-384' }], EdDSA: ['ed25519', {}],
};
if (env.ALGS === '1') keys.push(...Object.entries(algs).map(([alg, [type, options]]) => key(alg, type, options)));

// With application_type native any port of a loopback redirect URI matches.
const redirect_uris = ['http://127.0.0.1/cb'];
const [code, refresh, own, device] = ['authorization_code', 'refresh_token', 'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code'];
const client = (client_id, rest) => ({
  client_id, redirect_uris, grant_types: [code, refresh, own, device], application_type: 'native', ...rest,
});
const clients = [
  client('basic', { client_secret: 's3cret' }),
  client('odd:id +%&~', { client_secret: 'p@ss:w/rd +%&=~' }),
  client('post', { client_secret: 's3cret', token_endpoint_auth_method: 'client_secret_post' }),
  client('native', { token_endpoint_auth_method: 'none', grant_types: [code, refresh, device] }),
  client('csjwt', { client_secret: 'a-shared-secret-of-32-bytes-or-more!', token_endpoint_auth_method: 'client_secret_jwt' }),
  client('dpop', { client_secret: 's3cret', dpop_bound_access_tokens: true }),
];
const clientAuthMethods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'none'];
const keyOf = JSON.parse(env.CLIENT_KEYS || '{}')['signs-es256'];
if (keyOf) clients.push(client('secret-and-key', { client_secret: 's3cret', jwks: { keys: [keyOf] } }));
if (env.ALGS === '1') {
  for (const alg of ['RS256', 'ES256', ...Object.keys(algs), 'HS256']) {
    const client_secret = 'a-shared-secret-of-32-bytes-or-more!';
    clients.push(client(alg, { client_secret, id_token_signed_response_alg: alg }));
  }
}
for (const [id, jwk] of Object.entries(JSON.parse(env.CLIENT_KEYS || '{}'))) {
  const jwks = { keys: [jwk] };
  const token_endpoint_auth_signing_alg = jwk.alg;
  clients.push(client(id, { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg, jwks }));
}
if (tls) {
  clientAuthMethods.push('tls_client_auth');
  clients.push(client('mtls', {
    token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=client.test',
    tls_client_certificate_bound_access_tokens: true,
  }));
}
const mTLS = {
  enabled: true, certificateBoundAccessTokens: true, tlsClientAuth: true, selfSignedTlsClientAuth: true,
  getCertificate(ctx) {
    const { raw } = ctx.socket.getPeerCertificate();
    return raw && `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`;
  },
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, want) => property === 'tls_client_auth_subject_dn'
    && `CN=${ctx.socket.getPeerCertificate().subject.CN}` === want,
};

const lifetime = Number(env.AT_TTL || 60);
const provider = new Provider(issuer, {
  clients, clientAuthMethods, jwks: { keys }, cookies: { keys: ['k'] },
  scopes: ['openid', 'offline_access', 'email', 'api:read', 'api:write'],
  claims: { openid: ['sub'], email: ['email'] },
  pkce: { required: () => true },
  rotateRefreshToken: env.ROTATE !== '0',
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@example.test` }) }),
  enabledJWA: {
    ...(env.ALGS === '1' ? { idTokenSigningAlgValues: ['RS256', 'ES256', 'HS256', ...Object.keys(algs)] } : {}),
    clientAuthSigningAlgValues: ['HS256', 'RS256', 'PS256', 'ES256', 'EdDSA'],
    dPoPSigningAlgValues: ['ES256', 'EdDSA'],
  },
  ttl: {
    AccessToken: lifetime, ClientCredentials: lifetime, RefreshToken: 3600, Grant: 3600, Session: 3600,
    Interaction: 600, AuthorizationCode: 60, IdToken: 60, DeviceCode: Number(env.DC_TTL || 120),
  },
  features: {
    clientCredentials: { enabled: true }, deviceFlow: { enabled: true },
    introspection: { enabled: true }, revocation: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: env.PAR === '1' },
    claimsParameter: { enabled: true },
    requestObjects: { enabled: true, requireSignedRequestObject: env.JAR === '1' },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1), requireNonce: () => env.DPOP_NONCE === '1' },
    resourceIndicators: {
      enabled: true, defaultResource: () => undefined,
      getResourceServerInfo: () => ({
        scope: 'api:read api:write', accessTokenFormat: 'jwt', accessTokenTTL: 60, jwt: { sign: { alg: 'ES256' } },
      }),
    },
    ...(tls ? { mTLS } : {}),
  },
});

let lose = 0;
const count = { granted: 0, refused: 0, calls: 0, denied: 0 };
const isRefresh = (ctx) => ctx.oidc?.params?.grant_type === refresh;
provider.on('grant.success', (ctx) => { count.granted += Number(isRefresh(ctx)); });
provider.on('grant.error', (ctx, error) => {
  count.refused += Number(isRefresh(ctx));
  console.error('grant.error', error.error, error.error_detail);
});
provider.use(async (ctx, next) => {
  if (ctx.path === '/_lose') { lose = Number(ctx.query.n || 1); ctx.body = 'ok'; return; }
  if (ctx.path === '/_count') { ctx.body = count; return; }
  await next();
  if (ctx.path === '/token' && lose > 0) { lose -= 1; ctx.req.socket.destroy(); }
  if (ctx.path === '/me') { count[ctx.status === 200 ? 'calls' : 'denied'] += 1; }
});

server.on('request', provider.callback());
console.log(port);
