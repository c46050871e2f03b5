/* A program: looks up each name on its command line as every program does that is linked with musl, and prints a line of addresses. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

int main(int count, char **names) {
  for (int index = 1; index < count; index++) {
    struct addrinfo hints, *found = 0, *each;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int fault = getaddrinfo(names[index], 0, &hints, &found);
    if (fault) printf("%s", gai_strerror(fault));
    for (each = found; each; each = each->ai_next) {
      char text[64] = "";
      inet_ntop(each->ai_family, &((struct sockaddr_in *)each->ai_addr)->sin_addr, text, sizeof text);
      printf("%s%s", text, each->ai_next ? " " : "");
    }
    printf("\n");
  }
  return 0;
}
