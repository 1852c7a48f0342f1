"""An authorization server that others wrote (idpyoidc on Flask), set up for the tests of the token exchange.

    python idpyoidc_server.py    prints its port when it is ready

The server writes its keys into the working directory. Its only person is alice, who is always logged in and
agrees to everything. Every request at the token endpoint must have client_id in its body. Each address is an
endpoint of idpyoidc; this file only carries requests and answers between Flask and the endpoints.
"""
import json
import os

from flask import Flask, Response, redirect, request
from idpyoidc.server import Server
from idpyoidc.server.authz import AuthzHandling
from idpyoidc.server.client_authn import verify_client
from idpyoidc.server.configure import ASConfiguration
from idpyoidc.server.user_authn.authn_context import INTERNETPROTOCOLPASSWORD
from idpyoidc.server.user_info import UserInfo
from werkzeug.serving import make_server

app = Flask(__name__)
# Choose the port first, because the settings name the server's own address.
web = make_server('127.0.0.1', 0, app, threaded=False)
issuer = f'http://localhost:{web.server_port}'
here = os.path.abspath('.')

OAUTH = 'idpyoidc.server.oauth2.'
HELPER = OAUTH + 'token_helper.'
EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
KINDS = [f'urn:ietf:params:oauth:token-type:{kind}' for kind in ('access_token', 'refresh_token')]
METHODS = ['client_secret_basic', 'client_secret_post']
SCOPES = ['openid', 'offline_access', 'read']

grants = {
    'authorization_code': {'class': HELPER + 'access_token.AccessTokenHelper'},
    'refresh_token': {'class': HELPER + 'refresh_token.RefreshTokenHelper'},
    EXCHANGE: {
        'class': HELPER + 'token_exchange.TokenExchangeHelper',
        'kwargs': {
            'subject_token_types_supported': KINDS,
            'requested_token_types_supported': KINDS,
            'policy': {'': {
                'function': HELPER + 'token_exchange.validate_token_exchange_policy',
                'kwargs': {'scope': SCOPES},
            }},
        },
    },
}


def endpoint(path, name, **kwargs):
    return {'path': path, 'class': OAUTH + name, 'kwargs': kwargs}


def sealed():
    """Settings of a key for codes and sessions."""
    keys = [{'type': 'OCT', 'use': ['enc'], 'kid': kid} for kid in ('password', 'salt')]
    return {'kwargs': {'keys': {'key_defs': keys}, 'iterations': 1}}


def token(lifetime, audience):
    jwt = 'idpyoidc.server.token.jwt_token.JWTToken'
    return {'class': jwt, 'kwargs': {'lifetime': lifetime, 'aud': [audience], 'add_claims_by_scope': True}}


may_issue = {'supports_minting': ['access_token', 'refresh_token']}
settings = {
    'issuer': issuer,
    'httpc_params': {'verify': False, 'timeout': 1},
    'preference': {'subject_types_supported': ['public']},
    'keys': {'uri_path': 'jwks.json', 'key_defs': [
        {'type': 'RSA', 'key': '', 'use': ['sig']},
        {'type': 'EC', 'crv': 'P-256', 'use': ['sig']},
    ]},
    'endpoint': {
        'provider_config': endpoint('.well-known/oauth-authorization-server', 'server_metadata.ServerMetadata'),
        'authorization': endpoint('authorization', 'authorization.Authorization'),
        'token': endpoint('token', 'token.Token', client_authn_method=METHODS, grant_types_helpers=grants),
        'introspection': endpoint('introspection', 'introspection.Introspection',
                                  client_authn_method=METHODS, enable_claims_per_client=False),
    },
    'add_ons': {'pkce': {'function': OAUTH + 'add_on.pkce.add_support', 'kwargs': {'essential': True}}},
    'authentication': {'always': {
        'acr': INTERNETPROTOCOLPASSWORD, 'class': 'idpyoidc.server.user_authn.user.NoAuthn',
        'kwargs': {'user': 'alice'},
    }},
    'userinfo': {'class': UserInfo, 'kwargs': {'db': {'alice': {'sub': 'alice'}}}},
    'client_authn': verify_client,
    'template_dir': 'templates',
    'authz': {'class': AuthzHandling, 'kwargs': {'grant_config': {'expires_in': 3600, 'usage_rules': {
        'authorization_code': {**may_issue, 'max_usage': 1, 'expires_in': 60},
        'access_token': {**may_issue, 'expires_in': 60},
        'refresh_token': {**may_issue, 'expires_in': 3600},
    }}}},
    'token_handler_args': {
        'code': {'lifetime': 60, 'kwargs': {'crypt_conf': sealed()}},
        'token': token(60, 'https://api.example.test/'),
        'refresh': token(3600, issuer),
        'jwks_def': {'private_path': 'private.json', 'read_only': False, 'key_defs': [
            {'type': 'oct', 'bytes': '24', 'use': ['enc'], 'kid': 'code'},
        ]},
    },
    'session_params': {'encrypter': sealed()},
}

server = Server(ASConfiguration(conf=settings, base_path=here), cwd=here)
server.context.map_supported_to_preferred()
secret = 's3cret-of-32-bytes-and-some-more'
server.context.cdb['post'] = {
    'client_secret': secret, 'client_salt': 'salt', 'token_endpoint_auth_method': 'client_secret_post',
    'redirect_uris': [('http://127.0.0.1:7099/cb', None)], 'grant_types_supported': list(grants),
    'response_types_supported': ['code'], 'response_types': ['code'], 'allowed_scopes': SCOPES,
}
server.keyjar.add_symmetric('post', secret)


def answer_of(name):
    served = server.get_endpoint(name)

    def view():
        sent = (request.args if request.method == 'GET' else request.form).to_dict()
        headers = {**{name.lower(): value for name, value in request.headers.items()}, **dict(request.headers)}
        about = {'headers': headers, 'method': request.method, 'url': request.url}
        parsed = served.parse_request(sent, http_info=about)
        if hasattr(parsed, 'get') and parsed.get('error'):
            return Response(parsed.to_json(), 400, mimetype='application/json')
        done = served.process_request(parsed, http_info=about)
        if done.get('error'):
            text = json.dumps({name: value for name, value in done.items() if isinstance(value, str)})
            return Response(text, 400, mimetype='application/json')
        out = served.do_response(request=parsed, **done)
        if str(out['response']).startswith('http'):
            return redirect(out['response'], 303)
        return Response(out['response'], 200, dict(out.get('http_headers', [])), mimetype='application/json')

    view.__name__ = name
    return view


for name, served in server.get_endpoints().items():
    app.route('/' + served.endpoint_path, methods=['GET', 'POST'])(answer_of(name))

print(web.server_port, flush=True)
web.serve_forever()
