#!/bin/sh
# Runs inside a fresh Debian 11 and makes it look like a gateway.
# usage: settle USER PASSWORD PUBLIC-KEY
set -eu
user=$1 password=$2 key=$3

ln -s python2.7 /usr/bin/python

systemd-machine-id-setup 2>/dev/null # without one, a boot would be a first boot
echo Moxa >/etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\tMoxa\n' >/etc/hosts
: >/etc/resolv.conf

useradd --create-home --shell /bin/bash --groups sudo "$user"
# As Debian did before 11. Its yescrypt takes 60 ms more of a processor, at each sudo and each log-in by password.
printf '%s:%s\n' "$user" "$password" | chpasswd --crypt-method SHA512
install -d -m 700 -o "$user" -g "$user" "/home/$user/.ssh"
printf '%s\n' "$key" >"/home/$user/.ssh/authorized_keys"
chown "$user:$user" "/home/$user/.ssh/authorized_keys"
chmod 600 "/home/$user/.ssh/authorized_keys"

echo 'PermitRootLogin no' >/etc/ssh/sshd_config.d/gateway.conf
sed -i /pam_motd/d /etc/pam.d/sshd # starts programs at each log-in, and nobody reads it
printf 'listener 1883\nallow_anonymous true\n' >/etc/mosquitto/conf.d/gateway.conf

# What finds nothing to do here at each boot, or even at each daemon-reload; init scripts stay units.
for unit in logind remount-fs sysusers update-utmp update-utmp-runlevel; do
    ln -s /dev/null "/etc/systemd/system/systemd-$unit.service"
done
mkdir /etc/systemd/system-generators
for generator in /lib/systemd/system-generators/*; do
    case $generator in */systemd-sysv-generator) continue ;; esac
    ln -s /dev/null "/etc/systemd/system-generators/${generator##*/}"
done

umask 077
head -c 24 /dev/urandom | base64 | tr '+/' '-_' >/etc/mx-api-token
umask 022

python -m compileall -q /usr/lib/python2.7/dist-packages
rm -rf /var/cache/apt/archives/*.deb /var/lib/apt/lists/*
