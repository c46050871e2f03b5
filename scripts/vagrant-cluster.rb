# What the Vagrantfile does beyond machines: each is installed by the install.sh of a bundle, and nodes join the master with a token
# that passes through this process only. Machines may come up in any order or at once: who comes later finds who was there earlier.

require 'digest'
require 'net/http'
require 'open3'

module WherryVagrant
  class Failure < Vagrant::Errors::VagrantError
    def initialize(message)
      @told = message
      super()
    end

    def error_message
      @told
    end
  end

  # What the Vagrantfile says, and the bundle.
  class Cluster
    NODE_PORT = 30_080

    attr_reader :addresses

    def initialize(root:, network:, node_count:, bundle:, images:, nginx_image:)
      @root = root
      @given_bundle = bundle
      @images = images
      @nginx_image = nginx_image
      nodes = (1..node_count).map { |number| ["node#{number}", "#{network}.#{10 + number}"] }
      @addresses = { master => "#{network}.10", **nodes.to_h }
      @making = Mutex.new
      @saying = Mutex.new
    end

    def master
      'master'
    end

    def nodes
      addresses.keys - [master]
    end

    def api
      "https://#{addresses[master]}:6443"
    end

    def url(node)
      "http://#{addresses[node]}:#{NODE_PORT}/"
    end

    # The archive, its folder within, and what tells it from every other one.
    def bundle
      @making.synchronize { @bundle ||= make_bundle }
    end

    def nginx
      File.read(File.join(@root, 'examples/nginx.yaml')).sub('replicas: 2', 'replicas: 3').sub('nginx:stable', @nginx_image)
    end

    # The first time only, also where several machines come up at once.
    def once
      @saying.synchronize do
        yield unless @said
        @said = true
      end
    end

    private

    def make_bundle
      archive = @given_bundle ? File.expand_path(@given_bundle, @root) : run_bundle
      folder = File.basename(archive, '.tar.gz')
      sums, faults, status = Open3.capture3('tar', '-xzOf', archive, "#{folder}/SHA256SUMS")
      raise Failure, "#{archive} is no bundle of scripts/bundle:\n#{faults}" unless status.success?

      { archive: archive, folder: folder, version: Digest::SHA256.hexdigest(sums)[0, 16] }
    end

    def run_bundle
      images = @images ? ['--images', File.expand_path(@images, @root)] : []
      command = [File.join(@root, 'scripts/bundle'), '--archive', *images]
      output, status = Vagrant::Util::Env.with_clean_env { Open3.capture2e(*command) }
      return File.expand_path(output.lines.last.strip, @root) if status.success?

      raise Failure, "scripts/bundle makes no bundle here; one made elsewhere can be named with WHERRY_BUNDLE.\n#{output}"
    end
  end

  # One of the machines, seen from any thread: with a connection of its own.
  class Host
    attr_reader :name

    def initialize(machine)
      @machine = machine
      @name = machine.name.to_s
      @door = Vagrant.plugin('2').manager.communicators[:ssh].new(machine)
    end

    def running?
      @machine.state.id == :running
    end

    def say(text)
      @machine.ui.info(text)
    end

    # Runs a script as root and shows what it writes.
    def run(script)
      status = execute(script) { |_, text| @machine.ui.detail(text.chomp) unless text.strip.empty? }
      raise Failure, "#{name}: the step above failed" unless status.zero?
    end

    # Runs it unseen, and answers what it wrote.
    def ask(script)
      written = { stdout: +'', stderr: +'' }
      status = execute(script) { |kind, text| written[kind] << text }
      raise Failure, "#{name}: #{written[:stderr]}" unless status.zero?

      written[:stdout].strip
    end

    def runs?(script)
      door.sudo(script, error_check: false).zero?
    end

    def upload(from, target)
      door.upload(from, target)
    end

    # Another when it was destroyed and made anew.
    def id
      @machine.id
    end

    # What is remembered of it beside Vagrant's own files, and gone when it is destroyed.
    def [](key)
      File.exist?(file_of(key)) ? File.read(file_of(key)) : nil
    end

    def []=(key, value)
      File.write(file_of(key), value)
    end

    # Nobody else is at it meanwhile, in this process or another.
    def alone
      File.open(file_of('lock'), 'w') do |file|
        file.flock(File::LOCK_EX)
        yield
      end
    end

    private

    # Where machines start at once, one may be asked that is not up yet.
    def door
      @open ||= wait_for_door
      @door
    end

    def wait_for_door
      deadline = Time.now + @machine.config.vm.boot_timeout
      until @door.ready?
        raise Failure, "#{name} runs, and lets nobody in" if Time.now > deadline

        sleep 1
      end
      true
    end

    # Vagrant would show a script that fails, and the token with it. In brackets, as the shell reads it from the input that its
    # commands would have.
    def execute(script, &block)
      door.sudo("(\nset -e\n#{script}\n) </dev/null", error_check: false, &block)
    end

    def file_of(key)
      @machine.data_dir.join("wherry-#{key}").to_s
    end
  end

  class Settings < Vagrant.plugin('2', :config)
    attr_accessor :cluster
  end

  # What both provisioners know.
  class Provisioner < Vagrant.plugin('2', :provisioner)
    private

    def cluster
      config.cluster
    end

    def here
      @here ||= Host.new(machine)
    end

    def host(name)
      Host.new(machine.env.machine(name.to_sym, machine.provider_name))
    end
  end

  # Brings the bundle onto this machine; a master is installed out of it at once, a node when it joins.
  class Install < Provisioner
    BUNDLES = '/var/lib/wherry-bundles'.freeze

    def provision
      folder = "#{BUNDLES}/#{cluster.bundle[:version]}"
      unpacked = "#{folder}/#{cluster.bundle[:folder]}"
      bring_bundle(folder) unless here.runs?("test -e #{unpacked}")
      install_master(unpacked) if here.name == cluster.master
      here['joined'] = ''
      here['bundle'] = unpacked
    end

    private

    def bring_bundle(folder)
      here.say("Bringing #{File.basename(cluster.bundle[:archive])}")
      here.upload(cluster.bundle[:archive], '/tmp/wherry-bundle')
      here.run(<<~SCRIPT)
        rm -rf #{BUNDLES}
        mkdir -p #{folder}.part
        tar -C #{folder}.part --touch -xzf /tmp/wherry-bundle
        rm /tmp/wherry-bundle
        mv #{folder}.part #{folder}
      SCRIPT
    end

    def install_master(unpacked)
      here.run(<<~SCRIPT)
        cd #{unpacked}
        . ./packages.sh
        ensure_kubectl
        ./install.sh server --advertise-address #{cluster.addresses[cluster.master]}
        mkdir -p /root/.kube
        ln -sfn /etc/wherry/kubeconfig /root/.kube/config
      SCRIPT
    end
  end

  # Joins this machine to the master, or all that wait for this master. Who then sees all of them there deploys nginx, waits until every
  # node answers this computer, and says where.
  class Join < Provisioner
    WITHIN_SECONDS = 600

    def provision
      names = here.name == cluster.master ? cluster.nodes : [here.name]
      joined = names.map { |name| Thread.new { join(name) }.tap { |thread| thread.report_on_exception = false } }.map(&:value)
      return unless cluster.nodes.map { |name| host(name) }.all? { |node| node.running? && member?(node) }

      # Before nginx is deployed, or all of it would go to the first that is ready.
      wait_for_nodes
      deploy if joined.any?
      cluster.once { show }
    end

    private

    def member?(node)
      master = host(cluster.master)
      master.running? && node['joined'] == master.id
    end

    # Whether it has joined now.
    def join(name)
      node = host(name)
      node.alone do
        next false unless node['bundle'] && node.running? && !member?(node)

        unless master_ready?
          node.say('The master is not there yet: this node joins as soon as it is (vagrant up master)')
          next false
        end
        join_with_token(node)
        node['joined'] = host(cluster.master).id
        true
      end
    end

    # Where it is installed it is waited for: it may have just started.
    def master_ready?
      master = host(cluster.master)
      master['bundle'] && master.running? && master.runs?(until_ready)
    end

    def until_ready
      "timeout #{WITHIN_SECONDS} sh -c 'until kubectl get --raw /readyz; do sleep 1; done' >/dev/null 2>&1"
    end

    def join_with_token(node)
      master = host(cluster.master)
      # A machine that was made anew has the name of one that is gone.
      master.ask("kubectl delete node #{node.name} --ignore-not-found") unless node.runs?('test -e /var/lib/wherry/agent')
      token = master.ask('wherry token create --ttl 30m --description "vagrant up"')
      Vagrant::Util::CredentialScrubber.sensitive(token)
      node.run("WHERRY_TOKEN=#{token} #{node['bundle']}/install.sh agent --server #{cluster.api}")
    ensure
      master.ask("wherry token delete #{token}") if token
    end

    def wait_for_nodes
      nodes = cluster.nodes.map { |name| "node/#{name}" }.join(' ')
      host(cluster.master).run("#{until_ready}\nkubectl wait --for=condition=Ready --timeout=#{WITHIN_SECONDS}s #{nodes}")
    end

    def deploy
      host(cluster.master).run("kubectl apply -f - <<'MANIFEST'\n#{cluster.nginx}MANIFEST")
    end

    def show
      host(cluster.master).run("kubectl rollout status deployment/nginx --timeout=#{WITHIN_SECONDS}s")
      urls = cluster.nodes.map { |name| cluster.url(name) }
      deadline = Time.now + WITHIN_SECONDS
      urls.each do |url|
        until nginx_answers?(url)
          raise Failure, "nginx does not answer at #{url}" if Time.now > deadline

          sleep 0.5
        end
      end
      here.say("Open #{urls.first}")
    end

    def nginx_answers?(url)
      Net::HTTP.get(URI(url)).include?('Welcome to nginx!')
    rescue SystemCallError, Timeout::Error, IOError
      false
    end
  end

  class Plugin < Vagrant.plugin('2')
    name 'wherry'
    config(:wherry_install, :provisioner) { Settings }
    config(:wherry_join, :provisioner) { Settings }
    provisioner(:wherry_install) { Install }
    provisioner(:wherry_join) { Join }
  end
end
