package loopback

// SetUser makes the server that of another user of this machine.
func (s *Server) SetUser(uid int) { s.user = uid }
