# An authorization server that others wrote (Doorkeeper on Rails), set up for the tests.
#
# `ruby doorkeeper.rb` starts the server, which prints its port when it is ready.
#
# Environment: PREVIOUS (1: the table of access tokens has the column previous_refresh_token, with which
# a used refresh token stays valid until the access token that came with its successor is used; without
# it, a used refresh token is invalid at once), AT_TTL (seconds that an access token lives; 60). Besides
# Doorkeeper's own addresses: /me (alice's data), /_count (the number of refresh requests at the token
# endpoint, by their outcome), /_lose?n=K (the next K token answers are computed and never sent),
# /_alive?token=T (whether a refresh token is valid) and /_expire (makes every access token expire). The
# consent page is Doorkeeper's own page; before this page, a form logs alice in.
ENV['RAILS_ENV'] = 'production'
require 'rails'
require 'active_record/railtie'
require 'action_controller/railtie'
require 'action_view/railtie'
require 'doorkeeper'
require 'puma'
require 'puma/server'

# Counts refreshes, and loses answers on command.
class Watch
  COUNT = { granted: 0, refused: 0 }
  LOCK = Mutex.new
  class << self
    attr_accessor :lose
  end
  self.lose = 0

  def initialize(app)
    @app = app
  end

  def call(env)
    answer = @app.call(env)
    request = Rack::Request.new(env)
    return answer unless request.path == '/oauth/token'
    lost = LOCK.synchronize do
      if request.params['grant_type'] == 'refresh_token'
        COUNT[answer[0] == 200 ? :granted : :refused] += 1
      end
      Watch.lose.positive? && Watch.lose -= 1
    end
    env['rack.hijack'].call.close if lost
    answer
  end
end

class Provider < Rails::Application
  config.root = Dir.pwd
  config.eager_load = false
  config.secret_key_base = 'x' * 64
  config.session_store :cookie_store, key: 'session'
  config.logger = Logger.new($stderr)
  config.log_level = :warn
  config.action_dispatch.show_exceptions = true
  config.consider_all_requests_local = true
  config.hosts.clear
  config.middleware.insert_before 0, Watch
  # The database is in memory, over a single connection, so requests take turns. An idle connection stays open.
  config.define_singleton_method(:database_configuration) do
    { Rails.env => {
      adapter: 'sqlite3', database: ':memory:', pool: 1, checkout_timeout: 600, idle_timeout: 0
    } }
  end
end

class User < ActiveRecord::Base; end

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator do
    User.find_by(id: session[:user]) || redirect_to("/login?#{{ next: request.fullpath }.to_query}")
  end
  base_controller 'ActionController::Base'
  access_token_expires_in Integer(ENV.fetch('AT_TTL', '60'))
  use_refresh_token
  default_scopes :read
  grant_flows %w[authorization_code client_credentials]
  force_ssl_in_redirect_uri false
  allow_token_introspection true
end

class PagesController < ActionController::Base
  before_action :doorkeeper_authorize!, only: :me

  PAGE = <<~HTML
    <form method="post"><input name="authenticity_token" type="hidden" value="<%= form_authenticity_token %>">
    <input name="login"><input name="password" type="password"><button>Log in</button></form>
  HTML

  def ask
    render inline: PAGE
  end

  def log_in
    return head :forbidden unless params[:login] == 'alice' && params[:password] == 'correct horse'
    session[:user] = User.find_by!(name: 'alice').id
    redirect_to params[:next]
  end

  def me
    render json: { sub: User.find(doorkeeper_token.resource_owner_id).name }
  end

  def count
    render json: Watch::COUNT
  end

  def lose
    Watch.lose = Integer(params[:n])
    render json: {}
  end

  def alive
    token = Doorkeeper::AccessToken.by_refresh_token(params[:token])
    render json: { active: !token.nil? && !token.revoked? }
  end

  def expire
    Doorkeeper::AccessToken.update_all(created_at: 1.year.ago)
    render json: {}
  end
end

Provider.initialize!
Provider.routes.draw do
  use_doorkeeper
  get '/login', to: 'pages#ask'
  post '/login', to: 'pages#log_in'
  get '/me', to: 'pages#me'
  get '/_count', to: 'pages#count'
  get '/_lose', to: 'pages#lose'
  get '/_alive', to: 'pages#alive'
  get '/_expire', to: 'pages#expire'
end

# Make the tables as Doorkeeper's own migrations do.
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :users do |t|
    t.string :name, null: false
  end
  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri, null: false
    t.string :scopes, null: false, default: ''
    t.boolean :confidential, null: false, default: true
    t.timestamps null: false
  end
  create_table :oauth_access_grants do |t|
    t.references :resource_owner, null: false
    t.references :application, null: false
    t.string :token, null: false, index: { unique: true }
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ''
    t.string :code_challenge
    t.string :code_challenge_method
  end
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner
    t.references :application, null: false
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token, index: { unique: true }
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: '' if ENV['PREVIOUS'] == '1'
  end
end

User.create!(name: 'alice')
[['basic', 's3cret'], ['post', 's3cret'], ['native', '']].each do |uid, secret|
  application = Doorkeeper::Application.new(
    name: uid, uid: uid, redirect_uri: "http://127.0.0.1/cb\nhttp://127.0.0.1:7099/cb",
    confidential: !secret.empty?
  )
  application.secret = secret
  application.save!(validate: !secret.empty?)
end
ActiveRecord::Base.clear_active_connections!

server = Puma::Server.new(Provider, Puma::Events.stdio, min_threads: 4, max_threads: 16)
port = server.add_tcp_listener('127.0.0.1', 0).addr[1]
puts port
$stdout.flush
server.run.join
