# frozen_string_literal: true

# The jobs of sidekiq_test.py. REDIS_URL names the server.

require "json"
require "sidekiq"
require "sidekiq/api"

Redis.silence_deprecations = true  # Debian's Sidekiq is older than its redis gem.
Sidekiq.logger.level = Logger::WARN

class Triple
  include Sidekiq::Worker

  def perform(number)
    Sidekiq.redis { |redis| redis.hset("results", number, number * 3) }
  end
end

class Fail
  include Sidekiq::Worker
  sidekiq_options retry: 5

  def perform
    raise "on purpose"
  end
end

class FailForGood < Fail
  sidekiq_options retry: 0
end

class Sleep
  include Sidekiq::Worker

  def perform(seconds)
    Sidekiq.redis { |redis| redis.incr("asleep") }
    sleep seconds
  end
end
