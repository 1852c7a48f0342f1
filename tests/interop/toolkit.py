"""An authorization server that others wrote (django-oauth-toolkit on Django), set up for the tests.

    python toolkit.py init DATABASE    makes the tables, the user and the applications
    python toolkit.py run DATABASE     serves it; prints its port when it is ready

Environment: GRACE (seconds that a used refresh token stays valid; 0), AT_TTL (seconds that an access
token lives; 60). Besides the toolkit's own addresses: /_count (what came to the token endpoint with a
refresh token, and what became of it), /_lose?n=K (the next K token answers are computed and never
sent) and /_alive?token=T (whether a refresh token is valid; the toolkit introspects access tokens
only). Pages are the toolkit's own, behind the login of Django.
"""
import os
import sys
import threading
from pathlib import Path

import django
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

COMMAND, DATABASE = sys.argv[1:3]


class Handler(WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), 'connection': self.connection}


# Choose the port first, because some settings name the server's own address.
server = ThreadedWSGIServer(('127.0.0.1', 0), Handler) if COMMAND == 'run' else None
base = f'http://localhost:{server.server_port}' if server else 'http://localhost'
# The key signs ID tokens. It is a test key of this repository.
key = Path(__file__).parent.parent.joinpath('keys/rsa2048.pem').read_text()

LOGIN_PAGE = '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Log in</button></form>'
settings.configure(
    SECRET_KEY='x' * 50, ALLOWED_HOSTS=['*'], ROOT_URLCONF='__main__', USE_TZ=True, LOGIN_URL='/login',
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    # A cheap hash: passwords and secrets are checked in every test, and guard nothing.
    PASSWORD_HASHERS=['django.contrib.auth.hashers.MD5PasswordHasher'],
    DATABASES={'default': {
        'ENGINE': 'django.db.backends.sqlite3', 'NAME': DATABASE,
        # A writer waits for the lock, however long, instead of failing when it upgrades a read lock.
        'OPTIONS': {'timeout': 600, 'transaction_mode': 'IMMEDIATE'},
    }},
    INSTALLED_APPS=[
        'django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions',
        'django.contrib.messages', 'oauth2_provider',
    ],
    MIDDLEWARE=[
        '__main__.watch',
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.middleware.common.CommonMiddleware',
        'django.middleware.csrf.CsrfViewMiddleware',
        'django.contrib.auth.middleware.AuthenticationMiddleware',
        'django.contrib.messages.middleware.MessageMiddleware',
    ],
    TEMPLATES=[{
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'OPTIONS': {
            'loaders': [
                ('django.template.loaders.locmem.Loader', {'registration/login.html': LOGIN_PAGE}),
                'django.template.loaders.app_directories.Loader',
            ],
            'context_processors': [
                'django.template.context_processors.request',
                'django.contrib.auth.context_processors.auth',
                'django.contrib.messages.context_processors.messages',
            ],
        },
    }],
    OAUTH2_PROVIDER={
        'SCOPES': {scope: scope for scope in ('read', 'write', 'openid', 'email', 'introspection')},
        'ACCESS_TOKEN_EXPIRE_SECONDS': int(os.environ.get('AT_TTL', '60')),
        'REFRESH_TOKEN_EXPIRE_SECONDS': 3600,
        'ROTATE_REFRESH_TOKEN': True,
        'REFRESH_TOKEN_GRACE_PERIOD_SECONDS': int(os.environ.get('GRACE', '0')),
        'REFRESH_TOKEN_REUSE_PROTECTION': True,
        'OIDC_ENABLED': True,
        'OIDC_RSA_PRIVATE_KEY': key,
        'OAUTH_DEVICE_VERIFICATION_URI': f'{base}/o/device/',
        'OAUTH_DEVICE_VERIFICATION_URI_COMPLETE': lambda code: f'{base}/o/device/?user_code={code}',
        'ALLOW_LOCALHOST_LOOPBACK': True,
        'COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS': True,
    },
)
django.setup()

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path
from oauth2_provider.models import Application, RefreshToken
from oauth2_provider.urls import metadata_urlpatterns

count = {'granted': 0, 'refused': 0}
lose = 0
one_at_a_time = threading.Lock()


def watch(get_response):
    def respond(request):
        global lose
        response = get_response(request)
        if request.path != '/o/token/':
            return response
        with one_at_a_time:
            if request.POST.get('grant_type') == 'refresh_token':
                count['granted' if response.status_code == 200 else 'refused'] += 1
            if lose > 0:
                lose -= 1
                request.environ['connection'].shutdown(2)
        return response
    return respond


def tell_count(request):
    return JsonResponse(count)


def lose_next(request):
    global lose
    lose = int(request.GET['n'])
    return JsonResponse({})


def tell_alive(request):
    known = RefreshToken.objects.filter(token=request.GET['token'], revoked=None)
    return JsonResponse({'active': known.exists()})


urlpatterns = [
    path('login', LoginView.as_view()),
    path('_count', tell_count), path('_lose', lose_next), path('_alive', tell_alive),
    path('o/', include('oauth2_provider.urls', namespace='oauth2_provider')), *metadata_urlpatterns,
]


def init():
    call_command('migrate', verbosity=0)
    user = User.objects.create_user('alice', password='correct horse', email='alice@example.test')
    for client_id, secret, kind, grant in (
        ('basic', 's3cret', 'confidential', 'authorization-code'),
        ('post', 's3cret', 'confidential', 'authorization-code'),
        ('odd:id +%&~', 'p@ss:w/rd +%&=~', 'confidential', 'authorization-code'),
        ('native', '', 'public', 'authorization-code'),
        ('own', 's3cret', 'confidential', 'client-credentials'),
        ('device', '', 'public', 'urn:ietf:params:oauth:grant-type:device_code'),
    ):
        Application.objects.create(
            client_id=client_id, client_secret=secret, client_type=kind, authorization_grant_type=grant,
            name=client_id, user=user, redirect_uris='http://127.0.0.1/cb http://127.0.0.1:7099/cb',
            algorithm='RS256' if grant == 'authorization-code' else '',
        )


if COMMAND == 'init':
    init()
else:
    server.set_app(get_wsgi_application())
    print(server.server_port, flush=True)
    server.serve_forever()
