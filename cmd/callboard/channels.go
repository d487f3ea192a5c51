package main

import (
	"cmp"
	"context"
	"time"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/projections/notices"
	"github.com/callboard/callboard/subscribers"
	"github.com/callboard/callboard/subscribers/channels"
)

// The ports of mail servers, by how the connection is kept from others.
const (
	submission  = 587
	submissions = 465
)

// channelTimeout is how long a chat or a mail server may take altogether.
const channelTimeout = 30 * time.Second

// channelOptions are what all channels have in common.
func (p *portal) channelOptions() *channels.Options {
	return &channels.Options{
		Notices: p.notices, Log: p.events, URL: p.url(), Now: p.now, Logger: p.logger,
		Wait: func(ctx context.Context, at eventlog.Position) error { return p.runner.Wait(ctx, notices.Name, at) },
	}
}

// sentTo are the subscribers of a configuration, and the channels of its notices.
func (p *portal) sentTo(c config.Config) []subscribers.Subscriber {
	all := subscribersOf(c)
	for _, one := range c.Notices.Channels {
		all = append(all, channelOf(p.channels, one))
	}
	return all
}

// channelOf is a channel as a subscriber.
func channelOf(o *channels.Options, c config.Channel) subscribers.Subscriber {
	port := submission
	if c.SMTP.TLS == channels.Implicit {
		port = submissions
	}
	s := subscribers.Subscriber{Name: c.Name, Batch: 1, Timeout: channelTimeout, Channel: &channels.Channel{
		Options: o, Name: c.Name, Way: c.Type, Address: c.URL.Reveal(), Owners: c.Refs(), Kinds: c.Kinds,
		Daily: cmp.Or(int(c.Daily), channels.DefaultDaily),
		Mail: channels.Mail{
			Host: c.SMTP.Host, Port: cmp.Or(int(c.SMTP.Port), port), TLS: cmp.Or(c.SMTP.TLS, channels.StartTLS),
			Username: c.SMTP.Username, Password: c.SMTP.Password.Reveal(), From: c.From, To: c.To,
		},
	}}
	if c.Type == config.ChannelWebhook {
		s.URL, s.Secrets, s.Batch = c.URL.Reveal(), []string{c.Secret.Reveal()}, 0
		if c.PreviousSecret != "" {
			s.Secrets = append(s.Secrets, c.PreviousSecret.Reveal())
		}
	}
	return s
}
