# Pushes jobs with Sidekiq's own client. Arguments: port. Prints their ids.
require "sidekiq"

Sidekiq.configure_client { |config| config.redis = { url: "redis://127.0.0.1:#{ARGV[0]}/0" } }

class Mailer
  include Sidekiq::Worker
  sidekiq_options queue: "mail"
end

puts Mailer.perform_async("a", 1)
puts Sidekiq::Client.push_bulk("class" => Mailer, "args" => [["b", 2], ["c", 3]])
