"""An authorization server on a library that others wrote (Authlib on Flask), set up for the tests as its
documentation sets one up: a used refresh token is revoked, with the access token that came with it.

    python authlib_server.py    serves it; prints its port when it is ready

Environment: AT_TTL (seconds that an access token lives; 60). Addresses: /authorize, /token, /revoke,
/introspect, /me (alice's data), /jwks (the key of the ID tokens), /_count (what came to the token endpoint with a refresh token, and what
became of it), /_lose?n=K (the next K token answers are computed and never sent), /_alive?token=T
(whether a refresh token is valid) and /_expire (makes every access token expire).
"""
import os
import threading
import time

# The server listens on loopback only, without TLS.
os.environ['AUTHLIB_INSECURE_TRANSPORT'] = '1'

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, redirect, request, session
from joserfc.jwk import ECKey
from werkzeug.serving import WSGIRequestHandler, make_server

LIFETIME = int(os.environ.get('AT_TTL', '60'))
METHODS = ['client_secret_basic', 'client_secret_post', 'none']


class Client(ClientMixin):
    def __init__(self, client_id, secret, method):
        self.client_id, self.secret, self.method = client_id, secret, method

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return 'http://127.0.0.1:7099/cb'

    def get_allowed_scope(self, scope):
        return ' '.join(name for name in (scope or '').split() if name in ('openid', 'read'))

    def check_redirect_uri(self, uri):
        return uri in ('http://127.0.0.1/cb', 'http://127.0.0.1:7099/cb')

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_response_type(self, response_type):
        return response_type == 'code'

    def check_grant_type(self, grant_type):
        return grant_type != 'client_credentials' or self.method != 'none'


class Code(AuthorizationCodeMixin):
    def __init__(self, **members):
        self.__dict__.update(members)

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    get_amr = get_acr


class Token(TokenMixin):
    # An answer leaves out a scope that is empty.
    scope, refresh_token = '', None
    revoked = False

    def __init__(self, **members):
        self.__dict__.update(members)
        self.issued_at = time.time()

    def check_client(self, client):
        return client.client_id == self.client_id

    def get_client(self):
        return CLIENTS[self.client_id]

    def get_user(self):
        return self.user

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return time.time() > self.issued_at + self.expires_in

    def is_revoked(self):
        return self.revoked


CLIENTS = {client.client_id: client for client in (
    Client('basic', 's3cret', 'client_secret_basic'),
    Client('post', 's3cret', 'client_secret_post'),
    Client('odd:id +%&~', 'p@ss:w/rd +%&=~', 'client_secret_basic'),
    Client('native', '', 'none'),
)}
CODES, TOKENS = {}, []

app = Flask(__name__)
app.secret_key = 'x' * 32
app.config['OAUTH2_REFRESH_TOKEN_GENERATOR'] = True
app.config['OAUTH2_TOKEN_EXPIRES_IN'] = {
    grant: LIFETIME for grant in ('authorization_code', 'refresh_token', 'client_credentials')
}


def save_token(token, request):
    TOKENS.append(Token(client_id=request.client.client_id, user=request.user, **token))


def find(member, value):
    return next((token for token in TOKENS if value and getattr(token, member) == value), None)


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        CODES[code] = Code(
            code=code, client_id=request.client.client_id, user=request.user,
            redirect_uri=request.payload.redirect_uri, scope=request.payload.scope,
            nonce=request.payload.data.get('nonce'),
            code_challenge=request.payload.data.get('code_challenge'),
            code_challenge_method=request.payload.data.get('code_challenge_method'),
        )

    def query_authorization_code(self, code, client):
        found = CODES.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, code):
        CODES.pop(code.code, None)

    def authenticate_user(self, code):
        return code.user


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        token = find('refresh_token', refresh_token)
        return token if token and not token.revoked else None

    def authenticate_user(self, token):
        return token.user

    def revoke_old_credential(self, token):
        token.revoked = True


class ClientGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ['client_secret_basic', 'client_secret_post']


KEY = ECKey.generate_key('P-384', {'kid': 'k1', 'alg': 'ES384', 'use': 'sig'})


class OpenId(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return False

    def generate_user_info(self, user, scope):
        return {'sub': user}

    def resolve_client_private_key(self, client):
        return KEY

    def get_client_algorithm(self, client):
        return 'ES384'

    def get_encode_header(self, client):
        return {'alg': 'ES384', 'kid': 'k1'}

    def get_client_claims(self, client):
        return {'iss': request.host_url.rstrip('/'), 'aud': [client.client_id]}


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, value, hint):
        return find('access_token', value) or find('refresh_token', value)

    def revoke_token(self, token, request):
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, value, hint):
        return find('access_token', value) or find('refresh_token', value)

    def check_permission(self, token, client, request):
        return True

    def introspect_token(self, token):
        return {'active': True, 'client_id': token.client_id, 'sub': token.user, 'scope': token.scope}


class Bearer(BearerTokenValidator):
    def authenticate_token(self, value):
        return find('access_token', value)


server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=save_token)
server.register_grant(CodeGrant, [CodeChallenge(required=True), OpenId()])
server.register_grant(RefreshGrant)
server.register_grant(ClientGrant)
server.register_endpoint(Revocation)
server.register_endpoint(Introspection)
protect = ResourceProtector()
protect.register_token_validator(Bearer())

PAGE = """<form method="post"><input name="login"><input name="password" type="password">
<button>Log in</button></form>"""
CONSENT = '<form method="post"><button name="action" value="accept">Yes</button></form>'
count = {'granted': 0, 'refused': 0}
lose = 0
one_at_a_time = threading.Lock()


@app.route('/authorize', methods=['GET', 'POST'])
def authorize():
    if request.method == 'POST' and request.form.get('login') == 'alice':
        if request.form['password'] != 'correct horse':
            return '', 403
        session['user'] = 'alice'
        return redirect(request.full_path)
    if 'user' not in session:
        return PAGE
    grant = server.get_consent_grant(end_user=session['user'])
    if request.method == 'GET':
        return CONSENT
    return server.create_authorization_response(grant=grant, grant_user=session['user'])


@app.post('/token')
def token():
    global lose
    response = server.create_token_response()
    with one_at_a_time:
        if request.form.get('grant_type') == 'refresh_token':
            count['granted' if response.status_code == 200 else 'refused'] += 1
        if lose > 0:
            lose -= 1
            request.environ['werkzeug.socket'].shutdown(2)
    return response


@app.post('/revoke')
def revoke():
    return server.create_endpoint_response('revocation')


@app.post('/introspect')
def introspect():
    return server.create_endpoint_response('introspection')


@app.get('/me')
@protect('read')
def me():
    return jsonify(sub=current_token.user)


@app.get('/jwks')
def jwks():
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get('/_count')
def tell_count():
    return jsonify(count)


@app.get('/_lose')
def lose_next():
    global lose
    lose = int(request.args['n'])
    return jsonify({})


@app.get('/_alive')
def tell_alive():
    token = find('refresh_token', request.args['token'])
    return jsonify(active=token is not None and not token.revoked)


@app.get('/_expire')
def expire():
    for token in TOKENS:
        token.issued_at = 0
    return jsonify({})


class Quiet(WSGIRequestHandler):
    def log_request(self, *arguments):
        pass


listener = make_server('127.0.0.1', 0, app, threaded=True, request_handler=Quiet)
print(listener.port, flush=True)
listener.serve_forever()
