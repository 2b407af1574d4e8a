import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.URLConnection;
import java.net.http.HttpRequest;
import java.util.Collections;
import java.util.List;

/**
 * Hands the workflow step of the request that is being served on with the requests that are made because of it.
 *
 * <p>Copy this file into a service that has a Stepgate gate in front of it. It needs Java 16 or later and the servlet API
 * (Jakarta EE 9 or later), and nothing else. A container that scans annotations finds it; in Spring Boot it is a bean.
 *
 * <pre>{@code
 * client.send(WorkflowStep.carry(request), BodyHandlers.ofString());  // java.net.http
 * WorkflowStep.carry(connection);                                     // java.net.HttpURLConnection, before it connects
 * WorkflowStep.step();                                                // the lines of the header, for another client
 * }</pre>
 *
 * <p>A request that has the header already keeps its own. Only these calls hand the step on.
 *
 * <p>Limits. The step belongs to the thread that serves the request: other threads (executors, {@code @Async}, reactive
 * clients, {@code startAsync}) have none, so read {@link #step()} before, and set the header there. Nor has work from a
 * queue. At a join, with a receipt or with a start token, the application sets the header itself.
 */
@WebFilter(
        urlPatterns = "/*",
        asyncSupported = true,
        dispatcherTypes = {DispatcherType.REQUEST, DispatcherType.ASYNC, DispatcherType.ERROR})
public final class WorkflowStep implements Filter {
    /** The gate's {@code header}. */
    public static final String HEADER = "x-workflow-step";

    private static final ThreadLocal<List<String>> SERVED = ThreadLocal.withInitial(List::of);

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        SERVED.set(List.copyOf(Collections.list(((HttpServletRequest) request).getHeaders(HEADER))));
        try {
            chain.doFilter(request, response);
        } finally {
            // The thread serves other requests later.
            SERVED.remove();
        }
    }

    /** The lines of the header of the request that this thread serves; none outside a request. */
    public static List<String> step() {
        return SERVED.get();
    }

    /** The request with the step, unless it has one. */
    public static HttpRequest carry(HttpRequest request) {
        if (request.headers().firstValue(HEADER).isPresent()) {
            return request;
        }
        HttpRequest.Builder copy = HttpRequest.newBuilder(request, (name, value) -> true);
        step().forEach(line -> copy.header(HEADER, line));
        return copy.build();
    }

    /** Adds the step to a request that is not sent yet, unless it has one. */
    public static void carry(URLConnection connection) {
        if (connection.getRequestProperty(HEADER) == null) {
            step().forEach(line -> connection.addRequestProperty(HEADER, line));
        }
    }
}
