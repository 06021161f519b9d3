/** What the system's service manager is told. */
#ifndef TYTO_SERVER_NOTIFY_H
#define TYTO_SERVER_NOTIFY_H

/** Tells the manager that NOTIFY_SOCKET names, if any, a state such as "READY=1". */
void notify(const char *state);
/** The socket that the manager has opened for this process; -1: none. */
int notify_socket(void);

#endif
